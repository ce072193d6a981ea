/** From entries and unsent messages to what stands on the screen: days, groups, one-line events, the divider. */
import { dayOf } from "../../core/format";
import type { OutItem } from "../../core/outbox";
import type { Entry, Id } from "../../core/types";

export interface Message {
  /** Stays the same from the first letter on the screen to the confirmed entry. */
  readonly key: string;
  readonly ts: number;
  readonly entry: Entry | null;
  readonly item: OutItem | null;
  readonly settled?: boolean;
}

export type Line =
  | { readonly t: "day"; readonly key: string; readonly ts: number }
  | { readonly t: "new"; readonly key: string; readonly count: number }
  | { readonly t: "system"; readonly key: string; readonly entry: Entry }
  | { readonly t: "group"; readonly key: string; readonly sender: Id; readonly own: boolean; readonly messages: readonly Message[] };

const GROUP_MS = 5 * 60_000;

export interface Scene {
  readonly entries: readonly Entry[];
  readonly items: readonly OutItem[];
  /** Confirmed, but their events are still on the way. */
  readonly settling: readonly OutItem[];
  readonly me: Id;
  /** Entries after this number were new when the room was opened; null when none were. */
  readonly dividerAfter: number | null;
  readonly newCount: number;
}

export function linesOf(scene: Scene): Line[] {
  const lines: Line[] = [];
  let day = 0;
  let divided = scene.dividerAfter === null;
  const startDay = (ts: number) => {
    if (dayOf(ts) === day) return;
    day = dayOf(ts);
    lines.push({ t: "day", key: `day ${day}`, ts });
  };
  for (const entry of scene.entries) {
    startDay(entry.ts);
    if (!divided && entry.seq > (scene.dividerAfter ?? 0) && entry.sender_id !== scene.me) {
      divided = true;
      lines.push({ t: "new", key: "new", count: scene.newCount });
    }
    if (entry.kind !== "message.created") lines.push({ t: "system", key: `system ${entry.seq}`, entry });
    else add(lines, entry.sender_id, scene.me, { key: entry.client_id, ts: entry.ts, entry: overlaid(entry, scene), item: changeOf(entry, scene) });
  }
  const shown = new Set(scene.entries.map((entry) => entry.client_id));
  const settled = new Set(scene.settling);
  for (const item of [...scene.settling, ...scene.items]) {
    if (item.operation.t !== "send" || shown.has(item.client_id)) continue;
    startDay(item.at);
    add(lines, scene.me, scene.me, { key: item.client_id, ts: item.at, entry: null, item, settled: settled.has(item) });
  }
  return lines;
}

function add(lines: Line[], sender: Id, me: Id, message: Message): void {
  const last = lines.at(-1);
  const before = last?.t === "group" ? last.messages.at(-1) : undefined;
  if (last?.t === "group" && before && last.sender === sender && message.ts - before.ts < GROUP_MS) {
    lines[lines.length - 1] = { ...last, messages: [...last.messages, message] };
  } else lines.push({ t: "group", key: `group ${message.key}`, sender, own: sender === me, messages: [message] });
}

/** An edit or removal on its way shows at once. */
function changeOf(entry: Entry, scene: Scene): OutItem | null {
  return scene.items.findLast((item) => item.operation.t !== "send" && item.operation.seq === entry.seq) ?? null;
}

function overlaid(entry: Entry, scene: Scene): Entry {
  const operation = changeOf(entry, scene)?.operation;
  if (operation?.t === "edit" && !entry.removed) return { ...entry, content: { ...entry.content, text: operation.text, spans: undefined } };
  if (operation?.t === "remove") return { ...entry, removed: { by: scene.me, at: entry.ts }, content: null };
  return entry;
}
