/** The list of conversations: read in parts, and line by line where something moved. */
import { api } from "./api";
import { Refused } from "./http";
import * as store from "./store";
import type { Id, Summary } from "./types";

/** Conversations in the first part of the list, which is all that the first screen shows, and in the others. */
const FIRST_PART = 50;
const NEXT_PART = 200;
/** In larger conversations the server sends heads only; their lines are read again at leisure. */
export const LARGE_ROOM = 256;
const LEISURE_MS_PER_MEMBER = 3;
const TOGETHER_MS = 150;

/** What this client knows is not older than this; a hello asks for what moved after it. */
let newest = 0;
/** Where the part begins that is still to be read; null: the list is whole. */
let rest: string | null = null;
/** Conversations whose line could not be read again. */
const stale = new Set<Id>();
const refreshing = new Map<Id, ReturnType<typeof setTimeout>>();

/** Read the first part; gives the place in the private log that it is not older than. */
export async function begin(): Promise<number> {
  const first = await api.sync(FIRST_PART);
  newest = first.at;
  rest = first.next;
  store.rooms.value = new Map(first.conversations.map((room) => [room.conversation_id, room]));
  return first.user_pos;
}

/** Read what is left; where that fails, the next welcome goes on. */
export async function goOn(): Promise<void> {
  try {
    while (rest) {
      const from: string = rest;
      const part = await api.sync(NEXT_PART, from);
      if (rest !== from) return;
      adoptAll(part.conversations);
      rest = part.next;
    }
  } catch {
    // Without network; see above.
  }
}

/** Read all of it again; gives the place in the private log. */
export async function readWhole(): Promise<number> {
  const missing = new Set(store.rooms.peek().keys());
  let part = await api.sync(NEXT_PART);
  const place = part.user_pos;
  for (;;) {
    for (const room of part.conversations) missing.delete(room.conversation_id);
    adoptAll(part.conversations);
    if (!part.next) break;
    part = await api.sync(NEXT_PART, part.next);
  }
  rest = null;
  // What moved meanwhile may be in no part: only what is not there when asked for goes.
  for (const id of missing) refresh(id);
  return place;
}

/** What a hello says that this client knows. */
export function since(): number {
  return newest;
}

/** The server named what moved; `at` is what the next hello may say. */
export function welcomed(at: number | undefined): void {
  for (const id of stale) refresh(id);
  stale.clear();
  if (rest) void goOn();
  else newest = at ?? newest;
}

export function forget(): void {
  newest = 0;
  rest = null;
  stale.clear();
  for (const timer of refreshing.values()) clearTimeout(timer);
  refreshing.clear();
}

/** Take in a conversation that this person just made or found. */
export function adopt(summary: Summary): void {
  adoptAll([summary]);
}

function adoptAll(summaries: readonly Summary[]): void {
  const held = store.rooms.peek();
  store.putRooms(
    summaries.filter((summary) => {
      const known = held.get(summary.conversation_id);
      return !known || known.fence !== summary.fence || known.head_seq <= summary.head_seq;
    }),
  );
}

/** Many heads in a moment make one request per conversation; the members of a large one do not all ask at once. */
export function refresh(id: Id): void {
  if (refreshing.has(id)) return;
  const members = store.rooms.peek().get(id)?.members_count ?? 0;
  const leisure = members > LARGE_ROOM ? Math.random() * members * LEISURE_MS_PER_MEMBER : 0;
  refreshing.set(
    id,
    setTimeout(() => {
      refreshing.delete(id);
      api.summary(id).then(adopt, (error: unknown) => {
        if (error instanceof Refused && error.status === 404) store.dropRoom(id);
        else stale.add(id);
      });
    }, TOGETHER_MS + leisure),
  );
}
