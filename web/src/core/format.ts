/** Dates, numbers and initials for people. */
import { language } from "../i18n";
import type { Id } from "./types";

const DAY_MS = 86_400_000;
const formats = new Map<string, Intl.DateTimeFormat>();

function locale(): string {
  return language.value === "ar" ? "ar-u-nu-latn" : language.value === "en" ? "en-GB" : language.value;
}

function written(ts: number, name: string, options: Intl.DateTimeFormatOptions): string {
  const key = `${locale()} ${name}`;
  let format = formats.get(key);
  if (!format) {
    format = new Intl.DateTimeFormat(locale(), options);
    formats.set(key, format);
  }
  return format.format(ts);
}

export function clockTime(ts: number): string {
  return written(ts, "time", { hour: "2-digit", minute: "2-digit", hourCycle: "h23" });
}

export function fullTime(ts: number): string {
  return written(ts, "full", { dateStyle: "long", timeStyle: "short" });
}

/** Local midnight of a moment, as a number that two moments of one day share. */
export function dayOf(ts: number): number {
  return new Date(ts).setHours(0, 0, 0, 0);
}

/** How many days lie between a moment and now: 0 today, 1 yesterday. */
export function daysAgo(ts: number, now: number = Date.now()): number {
  return Math.round((dayOf(now) - dayOf(ts)) / DAY_MS);
}

export function longDay(ts: number, now: number = Date.now()): string {
  const sameYear = new Date(ts).getFullYear() === new Date(now).getFullYear();
  if (daysAgo(ts, now) < 2) return written(ts, "day", { day: "numeric", month: "long" });
  return sameYear
    ? written(ts, "weekday", { weekday: "long", day: "numeric", month: "long" })
    : written(ts, "year", { day: "numeric", month: "long", year: "numeric" });
}

/** As short as a list allows: the time today, the weekday this week, else the date. */
export function shortTime(ts: number, now: number = Date.now()): string {
  const days = daysAgo(ts, now);
  if (days <= 0) return clockTime(ts);
  if (days < 7) return written(ts, "short-weekday", { weekday: "short" });
  return written(ts, "short-day", { day: "numeric", month: "short" });
}

/** Server times come as milliseconds or as ISO text. */
export function moment(value: string | number | null | undefined): number {
  return typeof value === "number" ? value : Date.parse(value ?? "") || 0;
}

const segmenter = new Intl.Segmenter(undefined, { granularity: "grapheme" });

/** Two letters for an avatar: of the first and last word, or the first two of a single one. */
export function initials(name: string): string {
  const words = withoutArticles(name).split(/[\s\-_.]+/u).filter((word) => /\p{L}|\p{N}/u.test(word));
  const letters = (word: string | undefined) => Array.from(segmenter.segment(word ?? ""), (part) => part.segment);
  const first = letters(words[0]);
  const last = words.length > 1 ? letters(words.at(-1)) : [];
  const pair = (first[0] ?? "") + (last[0] ?? first[1] ?? "");
  return pair.toLocaleUpperCase();
}

/** The Arabic article would give every second name the same letter. */
function withoutArticles(name: string): string {
  return name.replace(/(^|\s)ال(?=\p{Script=Arabic}{2})/gu, "$1");
}

/** One of eight hues, the same for the same id everywhere. */
export function hue(id: Id): number {
  let sum = 0;
  for (const character of id) sum = (sum * 31 + character.charCodeAt(0)) % 9973;
  return [20, 60, 90, 150, 200, 245, 290, 330][sum % 8] ?? 245;
}
