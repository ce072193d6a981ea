/**
 * What a device holds of one conversation, and how events change it. Pure: same input, same output.
 *
 * The rule that makes it exact: apply an event when its number is the next one, drop it when it is
 * known already, and on anything larger ask again. Events that a freshly loaded page already contains
 * are harmless: every change to an entry is idempotent.
 */
import type { Entry, EventFrame, Id, Summary } from "./types";

export interface RoomLog {
  readonly id: Id;
  readonly fence: number;
  /** Number of the last event applied; the page below is at least as new as this. */
  readonly seq: number;
  /** Ascending by `seq`; a window without holes on the end of the conversation once `loaded`. */
  readonly entries: readonly Entry[];
  /** Older entries exist on the server. */
  readonly more: boolean;
  readonly loaded: boolean;
}

export type Outcome = "applied" | "known" | "hole";

export function emptyLog(id: Id, seq: number, fence: number): RoomLog {
  return { id, fence, seq, entries: [], more: true, loaded: false };
}

/** Apply one event by the rule above. The log is returned unchanged unless the outcome is "applied". */
export function applyEvent(log: RoomLog, event: EventFrame): { log: RoomLog; outcome: Outcome } {
  if (event.seq <= log.seq) return { log, outcome: "known" };
  if (event.seq > log.seq + 1) return { log, outcome: "hole" };
  return { log: { ...log, seq: event.seq, entries: entriesAfter(log.entries, event) }, outcome: "applied" };
}

/** The newest page, read at or after `log.seq`: it replaces older knowledge of the same entries. */
export function withPage(log: RoomLog, page: readonly Entry[], more: boolean): RoomLog {
  return { ...log, entries: merge(log.entries, page), more, loaded: true };
}

/** An older page in front of what is held. */
export function withOlderPage(log: RoomLog, page: readonly Entry[], more: boolean): RoomLog {
  return { ...log, entries: merge(log.entries, page), more };
}

/**
 * After an explicit gap that touches what is held: nothing before `to` may be trusted, the page is loaded again.
 * A gap further on is a hole like any other: the log stays and the caller asks again.
 */
export function afterGap(log: RoomLog, from: number, to: number): RoomLog {
  if (to <= log.seq || from > log.seq + 1) return log;
  return { ...log, seq: to, entries: [], more: true, loaded: false };
}

/** Keep only the newest entries, when nobody looks at the others. */
export function trimmed(log: RoomLog, keep: number): RoomLog {
  if (log.entries.length <= keep) return log;
  return { ...log, entries: log.entries.slice(-keep), more: true };
}

/** Kinds that stand beside a message and are no entries; nothing shows them yet. */
const NO_ENTRIES: ReadonlySet<string> = new Set([
  "reaction.added",
  "reaction.removed",
  "message.pinned",
  "message.unpinned",
  "poll.voted",
  "poll.closed",
]);

function entriesAfter(entries: readonly Entry[], event: EventFrame): readonly Entry[] {
  if (NO_ENTRIES.has(event.kind)) return entries;
  if (event.kind === "message.edited") return changed(entries, event.target, (entry) => edited(entry, event));
  if (event.kind === "messages.erased") return withoutErased(entries, event);
  if (event.kind === "message.removed") return changed(entries, event.target, (entry) => removed(entry, event));
  if (isAnswer(event)) return entries;
  return merge(entries, [entryOf(event)]);
}

/** An answer in a thread stands under its message and not in the stream. */
function isAnswer(event: EventFrame): boolean {
  return event.kind === "message.created" && typeof event.target === "number";
}

/** The entry that an event creates. */
export function entryOf(event: EventFrame): Entry {
  const entry: Entry = {
    seq: event.seq,
    msg_no: event.no,
    kind: event.kind,
    sender_id: event.sender,
    ts: event.ts,
    client_id: event.client_id,
    revision: event.rev,
    edited_at: null,
    removed: null,
    content: event.content,
  };
  return event.why === "erased" || event.why === "damaged" ? { ...entry, unreadable: event.why } : entry;
}

function edited(entry: Entry, event: EventFrame): Entry {
  if (entry.removed || event.rev <= entry.revision) return entry;
  const content = event.content ? { ...entry.content, ...event.content } : entry.content;
  return { ...entry, revision: event.rev, edited_at: event.ts, content };
}

function removed(entry: Entry, event: EventFrame): Entry {
  if (entry.removed) return entry;
  return { ...entry, removed: { by: event.sender, at: event.ts }, content: null };
}

/** Which messages a `messages.erased` event names. */
function rangesOf(event: EventFrame): readonly (readonly [number, number])[] {
  const ranges = event.content?.ranges;
  return Array.isArray(ranges) ? (ranges as [number, number][]) : [];
}

/** Only messages end; what else happened at a place in a range stays. */
function erased(entry: Entry, ranges: readonly (readonly [number, number])[]): Entry {
  if (entry.kind !== "message.created" || entry.removed || entry.unreadable === "erased") return entry;
  if (!ranges.some(([first, last]) => first <= entry.seq && entry.seq <= last)) return entry;
  return { ...entry, content: null, unreadable: "erased" };
}

function withoutErased(entries: readonly Entry[], event: EventFrame): readonly Entry[] {
  const ranges = rangesOf(event);
  const after = entries.map((entry) => erased(entry, ranges));
  return after.some((entry, index) => entry !== entries[index]) ? after : entries;
}

function changed(entries: readonly Entry[], seq: number | null, change: (entry: Entry) => Entry): readonly Entry[] {
  const index = entries.findIndex((entry) => entry.seq === seq);
  const before = entries[index];
  if (!before) return entries;
  const after = change(before);
  return after === before ? entries : entries.with(index, after);
}

/** Both lists by number; of two states of one entry the later wins. */
function merge(held: readonly Entry[], page: readonly Entry[]): readonly Entry[] {
  const last = held.at(-1);
  const first = page[0];
  if (!first) return held;
  if (!last || first.seq > last.seq) return [...held, ...page];
  const bySeq = new Map(held.map((entry) => [entry.seq, entry]));
  for (const entry of page) {
    const known = bySeq.get(entry.seq);
    if (!known || later(entry, known)) bySeq.set(entry.seq, entry);
  }
  return [...bySeq.values()].sort((a, b) => a.seq - b.seq);
}

function later(entry: Entry, known: Entry): boolean {
  if (known.removed) return false;
  if (entry.removed) return true;
  // For good: an answer that was under way brings nothing back.
  if (known.unreadable === "erased") return false;
  if (entry.unreadable === "erased") return true;
  return entry.revision > known.revision || (known.content === null && entry.content !== null);
}

/** How an event changes the line of a conversation in the list. Known events change nothing. */
export function summaryAfter(summary: Summary, event: EventFrame, me: Id): Summary {
  if (event.seq <= summary.head_seq) return summary;
  const next = { ...summary, head_seq: event.seq, msg_no: Math.max(summary.msg_no, event.no) };
  const content = event.content ?? {};
  switch (event.kind) {
    case "message.created":
      if (isAnswer(event)) break;
      next.last = entryOf(event);
      if (event.sender === me) {
        next.read_seq = event.seq;
        next.read_no = event.no;
      }
      break;
    case "message.edited":
    case "message.removed":
    case "messages.erased":
      if (summary.last) next.last = entriesAfter([summary.last], event)[0] ?? null;
      break;
    case "member.added":
      next.members_count += 1;
      break;
    case "member.removed":
      next.members_count -= 1;
      break;
    case "conversation.changed":
      if (typeof content.title === "string") next.title = content.title;
      if (typeof content.purpose === "string") next.purpose = content.purpose;
      if (content.retention_days !== undefined) next.retention_days = content.retention_days as number | null;
      break;
    case "owner.changed":
      if (typeof content.owner_id === "string") next.owner_id = content.owner_id;
      else if (typeof content.user_id === "string") next.owner_id = content.user_id;
      break;
  }
  return next;
}

/** How many messages of others wait to be read. */
export function unread(summary: Summary): number {
  return Math.max(0, summary.msg_no - summary.read_no);
}
