/** Texts of the interface: Fluent files, one set loaded at a time. */
import { FluentBundle, FluentResource, type FluentVariable } from "@fluent/bundle";
import { signal } from "@preact/signals";
import { speak } from "../core/http";

export const LANGUAGES = ["en", "de", "et", "ar"] as const;
export type Language = (typeof LANGUAGES)[number];
/** Every language in its own words, for people who cannot read the present one. */
export const LANGUAGE_NAMES: Readonly<Record<Language, string>> = {
  en: "English",
  de: "Deutsch",
  et: "Eesti",
  ar: "العربية",
};

const packs: Record<Language, () => Promise<{ default: string }>> = {
  en: () => import("./packs/en"),
  de: () => import("./packs/de"),
  et: () => import("./packs/et"),
  ar: () => import("./packs/ar"),
};
const STORED = "amana.language";

const bundle = signal<FluentBundle | null>(null);
export const language = signal<Language>("en");

export type Arguments = Record<string, FluentVariable>;

/** The text for a key in the present language. */
export function t(key: string, args?: Arguments): string {
  const pattern = bundle.value?.getMessage(key)?.value;
  return pattern ? (bundle.value as FluentBundle).formatPattern(pattern, args ?? null) : key;
}

export function bundleFrom(code: string, source: string): FluentBundle {
  // Arabic with Western digits, as the rest of the interface writes times and numbers.
  const made = new FluentBundle(code === "ar" ? "ar-u-nu-latn" : code);
  made.addResource(new FluentResource(source));
  return made;
}

export async function setLanguage(wanted: string): Promise<void> {
  const code = LANGUAGES.find((known) => known === wanted) ?? "en";
  if (bundle.peek() && language.peek() === code) return;
  bundle.value = bundleFrom(code, (await packs[code]()).default);
  language.value = code;
  document.documentElement.lang = code;
  document.documentElement.dir = code === "ar" ? "rtl" : "ltr";
  speak(code);
  remember(code);
}

/** Before anybody has signed in: what was used here last, else what the browser asks for. */
export function guessLanguage(): Language {
  const asked = [recall(), ...navigator.languages.map((tag) => tag.split("-")[0])];
  return LANGUAGES.find((code) => code === asked.find((tag) => LANGUAGES.some((known) => known === tag))) ?? "en";
}

function remember(code: Language): void {
  try {
    localStorage.setItem(STORED, code);
  } catch {
    // Storage is switched off: the browser's own language serves again next time.
  }
}

function recall(): string | undefined {
  try {
    return localStorage.getItem(STORED) ?? undefined;
  } catch {
    return undefined;
  }
}
