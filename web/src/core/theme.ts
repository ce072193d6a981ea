/** Light, dark, or as the device: kept on this device only. */
import { signal } from "@preact/signals";

export const THEMES = ["system", "light", "dark"] as const;
export type Theme = (typeof THEMES)[number];
const STORED = "amana.theme";

export const theme = signal<Theme>("system");

export function applyTheme(wanted?: Theme): void {
  let chosen: string | null | undefined = wanted;
  try {
    if (wanted) localStorage.setItem(STORED, wanted);
    chosen ??= localStorage.getItem(STORED);
  } catch {
    // Storage is switched off: the choice holds until the page is left.
  }
  theme.value = THEMES.find((known) => known === chosen) ?? "system";
  if (theme.value === "system") delete document.documentElement.dataset.theme;
  else document.documentElement.dataset.theme = theme.value;
}
