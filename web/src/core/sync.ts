/** Joins the socket, the HTTP API and the store: what arrives becomes state, what is done goes out. */
import { signal } from "@preact/signals";
import { api } from "./api";
import { outboxStore } from "./db";
import { Refused } from "./http";
import * as list from "./list";
import { Outbox, type Operation } from "./outbox";
import { afterGap, applyEvent, emptyLog, type RoomLog, summaryAfter, trimmed, withOlderPage, withPage } from "./reducer";
import { Connection } from "./socket";
import * as store from "./store";
import type { EventFrame, Head, Id, Member, Person, ServerElement } from "./types";

export { adopt as adoptRoom } from "./list";

export const PAGE = 40;
const KEPT_ENTRIES = 120;
const KEPT_OPEN = 12;
const ANSWER_WITHIN_MS = 20_000;

let connection: Connection | null = null;
let userPos = 0;
let openRoom: Id | null = null;
/** Rooms that the hello of the present connection named. */
let hailed: ReadonlySet<Id> = new Set();
const recent: Id[] = [];
const asked = new Map<Id, ReturnType<typeof setTimeout>>();
/** New messages of others for whoever announces them. */
export const announced = signal<EventFrame | null>(null);
/** An edit or removal that the server refused, as a sentence. */
export const refusal = signal<string | null>(null);

export const outbox = new Outbox(outboxStore, {
  changed: (items) => {
    store.outbox.value = items;
  },
  send: (frame) => {
    if (store.link.peek().state !== "online" || !connection?.send(frame)) return false;
    watchForSilence();
    return true;
  },
  later: (ms, callback) => {
    setTimeout(callback, ms);
  },
});

export async function startSync(signedOut: () => void): Promise<void> {
  userPos = await list.begin();
  store.roomsLoaded.value = true;
  void list.goOn();
  void loadPeople();
  const scheme = location.protocol === "https:" ? "wss:" : "ws:";
  connection = new Connection(`${scheme}//${location.host}/v1/socket`, {
    hello: () => {
      const open = followed().map((log) => place(log));
      hailed = new Set(open.map((at) => at.c));
      return { t: "hello", v: 1, user_pos: userPos, open, since: list.since() };
    },
    receive,
    moved: (state) => {
      if (state !== "online") outbox.disconnected();
      const now = store.link.peek();
      const since = now.state === "online" || state === "online" ? Date.now() : now.since;
      store.link.value = { state, since };
    },
    signedOut,
  });
  connection.start();
  await outbox.load(store.myId.peek());
}

export function stopSync(): void {
  connection?.stop();
  connection = null;
  openRoom = null;
  list.forget();
  recent.length = 0;
  for (const timer of asked.values()) clearTimeout(timer);
  asked.clear();
  outbox.forget();
}

export function reconnectNow(): void {
  connection?.tryNow();
}

/** Everybody in the organisation this person may see, page by page. */
export async function loadPeople(): Promise<void> {
  try {
    const all = new Map<Id, Person>();
    let after: string | undefined;
    do {
      const page = await api.people(after);
      for (const person of page) all.set(person.user_id, person);
      after = page.length === 200 ? page.at(-1)?.user_id : undefined;
    } while (after && all.size < 5_000);
    store.people.value = all;
    store.peopleState.value = "ready";
  } catch {
    store.peopleState.value = store.people.peek().size ? "ready" : "failed";
  }
}

/** Show a conversation: load its newest page and follow it. */
export function enterRoom(id: Id): void {
  openRoom = id;
  const at = recent.indexOf(id);
  if (at >= 0) recent.splice(at, 1);
  recent.unshift(id);
  for (const old of recent.splice(KEPT_OPEN)) connection?.send({ t: "close", c: old });
  const log = store.logOf(id);
  follow(log.peek());
  if (!log.peek().loaded) void loadNewest(id);
  void loadMembers(id);
}

export function leaveRoom(id: Id): void {
  if (openRoom === id) openRoom = null;
  if (store.hasLog(id)) store.logOf(id).value = trimmed(store.logOf(id).peek(), KEPT_ENTRIES);
}

export async function loadNewest(id: Id): Promise<void> {
  mark(id, false);
  try {
    const page = await api.messages(id, null, PAGE);
    if (!store.hasLog(id)) return;
    store.logOf(id).value = withPage(store.logOf(id).peek(), page.entries, page.more);
  } catch (error) {
    if (error instanceof Refused && error.status === 404) store.dropRoom(id);
    else mark(id, true);
  }
}

export async function loadOlder(id: Id): Promise<void> {
  const log = store.logOf(id);
  const first = log.peek().entries[0];
  if (!first || !log.peek().more) return;
  const page = await api.messages(id, first.seq, PAGE);
  log.value = withOlderPage(log.peek(), page.entries, page.more);
}

export async function loadMembers(id: Id): Promise<void> {
  try {
    const members: Member[] = [];
    let page: Member[];
    do {
      page = await api.members(id, members.at(-1)?.user_id);
      members.push(...page);
    } while (page.length === 200 && members.length < 2_000);
    store.membersOf(id).value = members;
    for (const member of members) if (member.read_seq) store.noteReceipt(id, member.user_id, member.read_seq);
    const unknown = members.filter((member) => !store.people.peek().has(member.user_id));
    if (!unknown.length) return;
    store.people.value = new Map([...store.people.peek(), ...unknown.map((member) => [member.user_id, { ...member, display_name: member.display_name ?? "" }] as const)]);
  } catch {
    // The list is an extra; the room works without it.
  }
}

export function act(room: Id, operation: Operation): void {
  outbox.add(room, store.myId.peek(), operation);
}

/** Everything shown has been seen: tell the server and forget the number. */
export function markRead(id: Id): void {
  const room = store.rooms.peek().get(id);
  if (!room || room.read_seq >= room.head_seq) return;
  const hadUnread = room.msg_no > room.read_no;
  if (hadUnread && !connection?.send({ t: "read", c: id, seq: room.head_seq })) return;
  store.putRoom({ ...room, read_seq: room.head_seq, read_no: room.msg_no });
}

function receive(element: ServerElement): void {
  switch (element.t) {
    case "welcome":
      for (const log of followed()) if (!hailed.has(log.id)) follow(log);
      for (const head of element.heads) headMoved(head);
      list.welcomed(element.at);
      outbox.pump();
      break;
    case "event":
      event(element);
      break;
    case "ack":
      acknowledged(element);
      break;
    case "refused":
      refused(element);
      break;
    case "head":
      headMoved(element);
      break;
    case "digest":
      for (const [c, seq] of element.heads) headMoved({ c, seq, msg_no: 0 });
      break;
    case "gap":
      gap(element);
      break;
    case "reset":
      replaceLog(element.c, () => emptyLog(element.c, 0, element.fence));
      list.refresh(element.c);
      break;
    case "receipt":
      store.noteReceipt(element.c, element.user, element.seq);
      break;
    case "user":
      userEvent(element);
      break;
  }
}

function event(frame: EventFrame): void {
  const room = store.rooms.peek().get(frame.c);
  // A conversation that only stands in the list: its line is read again when something is missing.
  if (!room || (!store.hasLog(frame.c) && frame.seq > room.head_seq + 1)) list.refresh(frame.c);
  if (store.hasLog(frame.c)) {
    const cell = store.logOf(frame.c);
    const { log, outcome } = applyEvent(cell.peek(), frame);
    if (outcome === "hole") {
      askAgain(log);
      return;
    }
    cell.value = log;
    settle(frame.c, log.seq);
  }
  if (!room || (!store.hasLog(frame.c) && frame.seq > room.head_seq + 1)) return;
  const next = summaryAfter(room, frame, store.myId.peek());
  if (next === room) return;
  store.putRoom(next);
  if (frame.kind === "message.created" && frame.target === null && frame.sender !== store.myId.peek()) announced.value = frame;
  if (frame.kind === "messages.erased" && frame.content?.reason === "erasure") void loadPeople();
  if ((frame.kind.startsWith("member.") || frame.kind === "owner.changed") && room.members_count <= list.LARGE_ROOM) void loadMembers(frame.c);
  store.noteReceipt(frame.c, frame.sender, frame.kind === "message.created" ? frame.seq : 0);
}

/** The message stays on the screen until its event is there too. */
function acknowledged({ c, client_id, seq }: Extract<ServerElement, { t: "ack" }>): void {
  const item = outbox.items.find((other) => other.client_id === client_id);
  if (item?.operation.t === "send" && isFollowed(c) && store.logOf(c).peek().seq < seq) {
    store.settling.value = [...store.settling.peek(), { item, seq }];
  }
  outbox.acknowledged(client_id);
}

function settle(c: Id, seq: number): void {
  const left = store.settling.peek().filter((waiting) => waiting.item.c !== c || waiting.seq > seq);
  if (left.length < store.settling.peek().length) store.settling.value = left;
}

function refused(element: Extract<ServerElement, { t: "refused" }>): void {
  const item = element.client_id ? outbox.refused(element.client_id, element.error) : undefined;
  if (item && item.operation.t !== "send" && element.error.fields?.retry_after_s === undefined) {
    outbox.drop(item.client_id);
    refusal.value = element.error.message;
  }
}

/** A head beyond what is held: events of followed rooms are asked for, others refresh their line in the list. */
function headMoved(head: Head): void {
  const room = store.rooms.peek().get(head.c);
  if (room && head.fence !== undefined && head.fence !== room.fence) {
    replaceLog(head.c, () => emptyLog(head.c, 0, head.fence ?? 0));
    list.refresh(head.c);
    return;
  }
  if (isFollowed(head.c)) {
    const log = store.logOf(head.c).peek();
    if (head.seq > log.seq) askAgain(log);
  } else if (!room || head.seq > room.head_seq) {
    if (room && head.msg_no > room.msg_no) store.putRoom({ ...room, msg_no: head.msg_no });
    list.refresh(head.c);
  }
}

function gap(element: Extract<ServerElement, { t: "gap" }>): void {
  if (element.c === null) {
    userPos = Math.max(userPos, element.to);
    void syncAgain();
    return;
  }
  const held = store.hasLog(element.c) ? store.logOf(element.c).peek() : null;
  if (held && element.from > held.seq + 1) askAgain(held);
  else replaceLog(element.c, (log) => afterGap(log, element.from, element.to));
}

/** The list as the server has it now, when private events were missed. */
async function syncAgain(): Promise<void> {
  try {
    userPos = Math.max(userPos, await list.readWhole());
  } catch {
    // Without network the next welcome tells what is missing.
  }
}

function userEvent(element: Extract<ServerElement, { t: "user" }>): void {
  if (element.pos <= userPos) return;
  if (element.pos > userPos + 1) void syncAgain();
  userPos = element.pos;
  const id = element.c;
  if (!id) return;
  if (element.kind === "conversation.joined") list.refresh(id);
  else if (element.kind === "conversation.left") store.dropRoom(id);
  else if (element.kind === "read.moved") {
    const room = store.rooms.peek().get(id);
    const readNo = Number(element.detail?.read_no ?? element.detail?.no ?? 0);
    if (room && (element.seq ?? 0) > room.read_seq) {
      store.putRoom({ ...room, read_seq: element.seq ?? 0, read_no: Math.max(room.read_no, readNo) });
    }
  }
}

/** Ask for the events after what is held, at most once a second and room. */
function askAgain(log: RoomLog): void {
  if (asked.has(log.id)) return;
  follow(log);
  asked.set(
    log.id,
    setTimeout(() => asked.delete(log.id), 1_000),
  );
}

function follow(log: RoomLog): void {
  if (store.link.peek().state === "online") connection?.send({ t: "open", ...place(log) });
}

function place(log: RoomLog): { c: Id; seq: number; fence: number } {
  return { c: log.id, seq: log.seq, fence: log.fence };
}

function followed(): RoomLog[] {
  return recent.filter((id) => store.hasLog(id)).map((id) => store.logOf(id).peek());
}

function isFollowed(id: Id): boolean {
  return recent.includes(id) && store.hasLog(id);
}

function replaceLog(id: Id, change: (log: RoomLog) => RoomLog): void {
  if (!store.hasLog(id)) return;
  const cell = store.logOf(id);
  const before = cell.peek();
  const after = change(before);
  if (after === before) return;
  cell.value = after;
  settle(id, Number.MAX_SAFE_INTEGER);
  if (after.fence !== before.fence) follow(after);
  void loadNewest(id);
  list.refresh(id);
}

function mark(id: Id, failed: boolean): void {
  const next = new Set(store.failedRooms.peek());
  if (failed) next.add(id);
  else next.delete(id);
  store.failedRooms.value = next;
}

let silence: ReturnType<typeof setTimeout> | undefined;

/** A connection that swallows what is sent is worse than none. */
function watchForSilence(): void {
  clearTimeout(silence);
  silence = setTimeout(() => {
    if (outbox.waiting) connection?.restart();
  }, ANSWER_WITHIN_MS);
}
