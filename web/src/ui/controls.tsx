import type { ButtonHTMLAttributes, ComponentChildren, HTMLAttributes } from "preact";
import { useId } from "preact/hooks";
import { hue, initials } from "../core/format";
import { t } from "../i18n";
import { Glyph, type GlyphName, Icon } from "./icon";
import type { IconName } from "./icons";

type Data = { [name: `data-${string}`]: string | undefined };
type ButtonProps = Omit<ButtonHTMLAttributes<HTMLButtonElement>, "type" | "disabled"> & Data & {
  kind?: "primary" | "danger" | "quiet" | "brass";
  large?: boolean;
  busy?: boolean;
  icon?: IconName;
  type?: "button" | "submit";
  disabled?: boolean;
};

export function Button({ kind, large, busy, icon, type = "button", disabled, children, ...rest }: ButtonProps) {
  const classes = ["btn", kind && `btn-${kind}`, large && "btn-lg btn-block"].filter(Boolean).join(" ");
  return (
    <button {...rest} type={type} class={classes} disabled={disabled || busy} aria-busy={busy || undefined}>
      {busy ? <span class="spin" aria-hidden="true" /> : icon && <Icon name={icon} size="sm" />}
      {children}
    </button>
  );
}

type IconButtonProps = Omit<ButtonHTMLAttributes<HTMLButtonElement>, "type" | "disabled" | "name"> & Data & {
  label: string;
  name: IconName;
  size?: "sm" | "lg";
  flip?: boolean;
  primary?: boolean;
  type?: "button" | "submit";
  disabled?: boolean;
};

export function IconButton({ label, name, size, flip, primary, type = "button", class: extra, ...rest }: IconButtonProps) {
  return (
    <button {...rest} type={type} class={`ib${primary ? " ib-primary" : ""}${extra ? ` ${String(extra)}` : ""}`} aria-label={label} title={label}>
      <Icon name={name} size={size} flip={flip} />
    </button>
  );
}

type FieldProps = Omit<HTMLAttributes<HTMLInputElement>, "label" | "role"> & Data & {
  label: string;
  hint?: string;
  error?: string | null;
  value: string;
  onValue(value: string): void;
  multiline?: boolean;
  name?: string;
  type?: "text" | "password";
  required?: boolean;
  maxLength?: number;
  minLength?: number;
  autoComplete?: string;
  placeholder?: string;
};

export function Field({ label, hint, error, value, onValue, multiline, type, ...rest }: FieldProps) {
  const id = useId();
  const described = hint || error ? `${id}-hint` : undefined;
  const common = {
    id,
    dir: "auto" as const,
    value,
    "aria-invalid": error ? true : undefined,
    "aria-describedby": described,
    onInput: (event: { currentTarget: { value: string } }) => onValue(event.currentTarget.value),
  };
  return (
    <label class="field" for={id}>
      <span>{label}</span>
      {multiline ? (
        <textarea class="input" name={rest.name} required={rest.required} maxLength={rest.maxLength} placeholder={rest.placeholder} {...common} />
      ) : (
        <span class={error ? "input is-bad" : "input"}>
          {type === "password" ? <input {...rest} {...common} type="password" /> : <input {...rest} {...common} type="text" />}
        </span>
      )}
      {(error || hint) && (
        <small id={described} class={error ? "bad" : undefined} role={error ? "alert" : undefined}>
          {error || hint}
        </small>
      )}
    </label>
  );
}

export function Avatar({ id, name, shape = "person", size }: { id: string; name: string; shape?: "person" | "room"; size?: "sm" | "lg" | "xl" }) {
  const classes = ["av", shape === "room" && "av-room", size && `av-${size}`].filter(Boolean).join(" ");
  return (
    <span class={classes} style={{ "--h": String(hue(id)) }} aria-hidden="true">
      {initials(name) || "·"}
    </span>
  );
}

export function Badge({ count, label, testid }: { count: number; label: string; testid?: string }) {
  return (
    <span class="badge" data-testid={testid}>
      <span aria-hidden="true">{count > 99 ? "99+" : count}</span>
      <span class="visually-hidden">{label}</span>
    </span>
  );
}

type BannerProps = { tone?: "off" | "bad" | "ok"; icon?: IconName; boxed?: boolean; role?: "status" | "alert"; testid?: string; top?: boolean; children: ComponentChildren };

export function Banner({ tone, icon = "info", boxed, role, testid, top, children }: BannerProps) {
  const classes = ["banner", tone && `banner-${tone}`, boxed && "boxed", top && "cb"].filter(Boolean).join(" ");
  return (
    <div class={classes} role={role} data-testid={testid}>
      <Icon name={icon} />
      {children}
    </div>
  );
}

/** One sentence and one action, where there is nothing to show. */
export function EmptyState({ glyph, title, text, children }: { glyph: GlyphName; title: string; text: string; children?: ComponentChildren }) {
  return (
    <div class="empty">
      <Glyph name={glyph} />
      <h2>{title}</h2>
      <p>{text}</p>
      {children}
    </div>
  );
}

/** What happened, whether the work is safe, what to do now. */
export function Failed({ text, retry }: { text?: string; retry(): void }) {
  return (
    <EmptyState glyph="broken" title={t("failed-title")} text={text ?? t("failed-text")}>
      <Button kind="primary" icon="refresh" onClick={retry}>
        {t("try-again")}
      </Button>
    </EmptyState>
  );
}

/** Grey shapes while the first answer is on its way. */
export function Bones({ rows }: { rows?: boolean }) {
  return (
    <div class={rows ? "bones rows" : "bones"} role="status" aria-label={t("loading")}>
      {[0, 1, 2, 3].map((index) => (
        <span key={index} class="bone" />
      ))}
    </div>
  );
}
