import { expect, test } from "vitest";
import type { OutItem } from "../src/core/outbox";
import { linesOf, type Scene } from "../src/features/room/lines";
import { entry, ME, OTHER, ROOM } from "./events";

const scene = (over: Partial<Scene>): Scene => ({ entries: [], items: [], settling: [], me: ME, dividerAfter: null, newCount: 0, ...over });
const kinds = (over: Partial<Scene>) => linesOf(scene(over)).map((line) => (line.t === "group" ? `${line.own ? "own" : "other"} ${line.messages.length}` : line.t));

const unsent = (over: Partial<OutItem>): OutItem => ({ client_id: "new", c: ROOM, by: ME, n: 1, at: 1_770_000_009_000, operation: { t: "send", text: "hello" }, ...over });

test("messages of one sender stand together, a pause or another sender begins anew", () => {
  const late = 1_770_000_000_000 + 10 * 60_000;
  expect(kinds({ entries: [entry(1), entry(2), entry(3, { sender_id: ME }), entry(4), entry(5, { ts: late })] })).toEqual(["day", "other 2", "own 1", "other 1", "other 1"]);
});

test("every day begins with its name", () => {
  expect(kinds({ entries: [entry(1), entry(2, { ts: 1_770_000_000_000 + 86_400_000 })] })).toEqual(["day", "other 1", "day", "other 1"]);
});

test("what happened to the room is one line", () => {
  expect(kinds({ entries: [entry(1, { kind: "member.added" }), entry(2)] })).toEqual(["day", "system", "other 1"]);
});

test("the divider stands before the first unread message of somebody else", () => {
  expect(kinds({ entries: [entry(1), entry(2, { sender_id: ME }), entry(3)], dividerAfter: 1, newCount: 1 })).toEqual(["day", "other 1", "own 1", "new", "other 1"]);
});

test("an unsent message follows at the end and is shown once when its event arrives", () => {
  expect(kinds({ entries: [entry(1)], items: [unsent({})] })).toEqual(["day", "other 1", "own 1"]);
  const confirmed = entry(2, { client_id: "new", sender_id: ME });
  expect(kinds({ entries: [entry(1), confirmed], items: [unsent({})], settling: [unsent({})] })).toEqual(["day", "other 1", "own 1"]);
});

test("an edit or removal shows before it is confirmed", () => {
  const edited = linesOf(scene({ entries: [entry(1, { sender_id: ME })], items: [unsent({ operation: { t: "edit", seq: 1, text: "better" } })] })).at(-1);
  expect(edited?.t === "group" && edited.messages[0]?.entry?.content?.text).toBe("better");
  const removed = linesOf(scene({ entries: [entry(1, { sender_id: OTHER })], items: [unsent({ operation: { t: "remove", seq: 1 } })] })).at(-1);
  expect(removed?.t === "group" && removed.messages[0]?.entry?.removed?.by).toBe(ME);
});
