import { ICONS, type IconName } from "./icons";

/** A line icon; decoration only, so whoever holds it carries the label. */
export function Icon({ name, size, flip }: { name: IconName; size?: "sm" | "lg"; flip?: boolean }) {
  const classes = ["i", size && `i-${size}`, flip && "flip"].filter(Boolean).join(" ");
  return (
    <svg class={classes} viewBox="0 0 24 24" aria-hidden="true">
      <path d={ICONS[name]} />
    </svg>
  );
}

/** The arch with the light: Amana's mark. */
export function Mark() {
  return (
    <svg class="mark" viewBox="0 0 32 32" role="img" aria-label="Amana">
      <rect width="32" height="32" rx="6" class="mark-ground" />
      <path d="M8 25.500V15.500C8 10.500 11 7.200 16 5c5 2.200 8 5.500 8 10.500v10" class="mark-arch" />
      <path d="M12.500 25.500v-7.800a3.500 3.500 0 0 1 7 0v7.800" class="mark-door" />
      <circle cx="16" cy="12" r="1.900" class="mark-light" />
    </svg>
  );
}

/** The large arch of the first pages, around two bubbles or a fingerprint. */
export function Arch({ inside }: { inside: "talk" | "finger" }) {
  return (
    <svg class="art" viewBox="11 0 200 160" aria-hidden="true">
      <path class="art-ink" d="M36 152V78c0-34 24-56 64-72 40 16 64 38 64 72v74M12 152h176" />
      <path class="art-brass" d="M50 152V82c0-28 18-46 50-60 32 14 50 32 50 60v70" />
      <circle class="art-light" cx="100" cy="47" r="5.500" />
      {inside === "talk" ? (
        <g>
          <rect class="art-paper" x="62" y="72" width="62" height="30" rx="6" />
          <path class="art-grey" d="M72 83h36M72 91h24" />
          <rect class="art-own" x="80" y="110" width="60" height="28" rx="6" />
          <path class="art-ink" d="M90 120h34M90 128h20" />
        </g>
      ) : (
        <path class="art-finger" d={ICONS.finger} transform="translate(64 62) scale(3)" />
      )}
    </svg>
  );
}

const GLYPHS = {
  chats:
    "M20 18h48a6 6 0 0 1 6 6v16a6 6 0 0 1-6 6H20a6 6 0 0 1-6-6V24a6 6 0 0 1 6-6zM52 54h48a6 6 0 0 1 6 6v14a6 6 0 0 1-6 6H52a6 6 0 0 1-6-6V60a6 6 0 0 1 6-6z",
  search: "M54 14a24 24 0 1 0 0 48a24 24 0 1 0 0-48M72 56l20 20",
  broken: "M10 66c22 0 18-34 40-34M110 66c-22 0-18-34-40-34M49 22h4a3 3 0 0 1 3 3v14a3 3 0 0 1-3 3h-4a3 3 0 0 1-3-3V25a3 3 0 0 1 3-3zM67 22h4a3 3 0 0 1 3 3v14a3 3 0 0 1-3 3h-4a3 3 0 0 1-3-3V25a3 3 0 0 1 3-3z",
} as const;
const LIGHTS = { chats: "M92 14v16M84 22h16", search: "M44 34h20M44 42h12", broken: "M60 8v6M52 11l2 4M68 11l-2 4" } as const;

export type GlyphName = keyof typeof GLYPHS;

/** A small drawing above an empty page's sentence. */
export function Glyph({ name }: { name: GlyphName }) {
  return (
    <svg class="glyph" viewBox="0 0 120 88" aria-hidden="true">
      <path class="glyph-ink" d={GLYPHS[name]} />
      <path class="glyph-brass" d={LIGHTS[name]} />
    </svg>
  );
}

const TICKS = {
  queued: "M13.600 6a4.600 4.600 0 1 0-9.200 0a4.600 4.600 0 1 0 9.200 0M9 3.600V6l1.600 1",
  failed: "M13.600 6a4.600 4.600 0 1 0-9.200 0a4.600 4.600 0 1 0 9.200 0M9 3.800v2.600M9 8.200h.01",
  sent: "m4 6.500 3 3L13 3",
  seen: "m1.500 6.500 3 3L10.500 3M8.500 8.800l.8.700L15.800 3",
  read: "m1.500 6.500 3 3L10.500 3M8.500 8.800l.8.700L15.800 3",
} as const;

export type TickState = keyof typeof TICKS;

/** How far an own message has come; never by colour alone, the label says it too. */
export function Tick({ state, label }: { state: TickState; label: string }) {
  return (
    <svg class={`tick ${state}`} viewBox="0 0 18 12" role="img" aria-label={label} data-testid="tick" data-state={state}>
      <path d={TICKS[state]} />
    </svg>
  );
}
