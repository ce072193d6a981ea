import { signal } from "@preact/signals";

const shown = signal<readonly { id: number; text: string }[]>([]);
const spoken = signal("");
let last = 0;

/** A short sentence at the foot of the page, read aloud once. */
export function toast(text: string): void {
  last += 1;
  const id = last;
  shown.value = [...shown.peek(), { id, text }].slice(-3);
  setTimeout(() => {
    shown.value = shown.peek().filter((item) => item.id !== id);
  }, 6_000);
}

/** For screen readers only: what changed where the eyes are not. */
export function announce(text: string): void {
  spoken.value = text;
}

export function LiveRegion() {
  return (
    <>
      <div class="toasts" role="status" aria-live="polite">
        {shown.value.map((item) => (
          <div key={item.id} class="toast" data-testid="toast">
            {item.text}
          </div>
        ))}
      </div>
      <div class="visually-hidden" aria-live="polite" dir="auto">
        {spoken.value}
      </div>
    </>
  );
}
