/** What the person is doing in the open room. */
import { signal } from "@preact/signals";
import type { Entry } from "../../core/types";

export type Doing = { readonly what: "reply" | "edit"; readonly entry: Entry } | null;

/** Whether the details stand beside the room. */
export const details = signal(false);
export const doing = signal<Doing>(null);
/** Message whose menu is open, and where. */
export const menuFor = signal<{ readonly entry: Entry; readonly from: HTMLElement; readonly x: number; readonly y: number } | null>(null);
export const removing = signal<Entry | null>(null);
/** A number to bring into view. */
export const wanted = signal<number | null>(null);
