/** The state that the screens draw. Only `sync.ts` and `session.ts` write it. */
import { computed, type Signal, signal } from "@preact/signals";
import { t } from "../i18n";
import type { OutItem } from "./outbox";
import { emptyLog, type RoomLog, unread } from "./reducer";
import type { Link } from "./socket";
import type { Id, Me, Member, Person, Summary } from "./types";

export type SessionState = "loading" | "out" | "in" | "unreachable";

export const session = signal<SessionState>("loading");
export const me = signal<Me | null>(null);
export const rooms = signal<ReadonlyMap<Id, Summary>>(new Map());
export const roomsLoaded = signal(false);
export const people = signal<ReadonlyMap<Id, Person>>(new Map());
export const peopleState = signal<"loading" | "ready" | "failed">("loading");
export const outbox = signal<readonly OutItem[]>([]);
/** Confirmed messages whose event has not arrived yet: they stay on the screen meanwhile. */
export const settling = signal<readonly { readonly item: OutItem; readonly seq: number }[]>([]);
export const drafts = signal<ReadonlyMap<Id, string>>(new Map());
export const link = signal<{ readonly state: Link; readonly since: number }>({ state: "connecting", since: Date.now() });
/** Rooms whose first page could not be loaded. */
export const failedRooms = signal<ReadonlySet<Id>>(new Set());
/** A handle to show once after joining with a password. */
export const newHandle = signal<string | null>(null);

export const myId = computed(() => me.value?.person.user_id ?? "");
export const unreadTotal = computed(() => [...rooms.value.values()].filter((room) => unread(room) > 0).length);

/** Conversations, the one with the latest activity first. */
export const sortedRooms = computed(() =>
  [...rooms.value.values()].sort((a, b) => activity(b) - activity(a) || (a.conversation_id < b.conversation_id ? 1 : -1)),
);

function activity(room: Summary): number {
  const own = outbox.value.findLast((item) => item.c === room.conversation_id)?.at ?? 0;
  return Math.max(room.last?.ts ?? idTime(room.conversation_id), own);
}

/** Milliseconds inside a UUIDv7. */
function idTime(id: Id): number {
  return Number.parseInt(id.replaceAll("-", "").slice(0, 12), 16) || 0;
}

const logs = new Map<Id, Signal<RoomLog>>();
const memberLists = new Map<Id, Signal<readonly Member[] | null>>();
const receiptLists = new Map<Id, Signal<ReadonlyMap<Id, number>>>();

export function logOf(id: Id): Signal<RoomLog> {
  return cell(logs, id, () => emptyLog(id, rooms.peek().get(id)?.head_seq ?? 0, rooms.peek().get(id)?.fence ?? 0));
}

export function hasLog(id: Id): boolean {
  return logs.has(id);
}

export function membersOf(id: Id): Signal<readonly Member[] | null> {
  return cell(memberLists, id, () => null);
}

/** How far every other person of a conversation has read. */
export function receiptsOf(id: Id): Signal<ReadonlyMap<Id, number>> {
  return cell(receiptLists, id, () => new Map());
}

export function noteReceipt(id: Id, user: Id, seq: number): void {
  const receipts = receiptsOf(id);
  if ((receipts.peek().get(user) ?? 0) < seq) receipts.value = new Map(receipts.peek()).set(user, seq);
}

export function putRooms(summaries: readonly Summary[]): void {
  if (!summaries.length) return;
  rooms.value = new Map([...rooms.peek(), ...summaries.map((summary) => [summary.conversation_id, summary] as const)]);
}

export function putRoom(summary: Summary): void {
  rooms.value = new Map(rooms.peek()).set(summary.conversation_id, summary);
}

export function dropRoom(id: Id): void {
  const next = new Map(rooms.peek());
  next.delete(id);
  rooms.value = next;
  logs.delete(id);
}

export function nameOf(user: Id | null | undefined): string {
  const person = user ? people.value.get(user) : undefined;
  return person?.erased ? t("erased-person") : (person?.display_name ?? "");
}

/** Back to nothing, on sign-out. */
export function resetStore(): void {
  me.value = null;
  rooms.value = new Map();
  roomsLoaded.value = false;
  people.value = new Map();
  peopleState.value = "loading";
  outbox.value = [];
  settling.value = [];
  drafts.value = new Map();
  failedRooms.value = new Set();
  newHandle.value = null;
  logs.clear();
  memberLists.clear();
  receiptLists.clear();
}

function cell<T>(cells: Map<Id, Signal<T>>, id: Id, first: () => T): Signal<T> {
  let found = cells.get(id);
  if (!found) {
    found = signal(first());
    cells.set(id, found);
  }
  return found;
}
