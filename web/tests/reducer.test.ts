import { describe, expect, test } from "vitest";
import { afterGap, applyEvent, emptyLog, type RoomLog, summaryAfter, trimmed, unread, withOlderPage, withPage } from "../src/core/reducer";
import type { EventFrame } from "../src/core/types";
import { edit, entry, erasure, event, ME, OTHER, removal, ROOM, summary } from "./events";

const texts = (log: RoomLog) => log.entries.map((held) => (held.removed ? "removed" : held.content?.text));

/** A client that asks again on a hole, over a network that loses, doubles and reorders frames. */
function converge(history: readonly EventFrame[], delivered: readonly EventFrame[]): RoomLog {
  let log = withPage(emptyLog(ROOM, 0, 0), [], false);
  for (const frame of delivered) {
    const step = applyEvent(log, frame);
    log = step.log;
    if (step.outcome === "hole") for (const again of history.slice(log.seq)) log = applyEvent(log, again).log;
  }
  for (const rest of history.slice(log.seq)) log = applyEvent(log, rest).log;
  return log;
}

describe("the rule", () => {
  test("applies the next event", () => {
    const { log, outcome } = applyEvent(emptyLog(ROOM, 0, 0), event(1));
    expect(outcome).toBe("applied");
    expect(log.seq).toBe(1);
    expect(texts(log)).toEqual(["text 1"]);
  });

  test("drops what is known", () => {
    const before = applyEvent(emptyLog(ROOM, 0, 0), event(1)).log;
    expect(applyEvent(before, event(1))).toEqual({ log: before, outcome: "known" });
  });

  test("leaves the log alone when there is a hole", () => {
    const before = emptyLog(ROOM, 4, 0);
    expect(applyEvent(before, event(6))).toEqual({ log: before, outcome: "hole" });
  });

  test("an edit or removal of an entry that is not held still counts", () => {
    const { log, outcome } = applyEvent(emptyLog(ROOM, 9, 0), edit(10, 2, 1, "new"));
    expect([outcome, log.seq, log.entries.length]).toEqual(["applied", 10, 0]);
  });
});

test("old state and events give the fresh state, for every kind of event and any network", () => {
  const history = [
    event(1, { kind: "conversation.created", content: {} }),
    event(2, { kind: "member.added", content: { user_id: OTHER } }),
    event(3),
    event(4),
    edit(5, 3, 1, "three, better"),
    event(6, { content: { text: "answer", reply_to: { seq: 3, sender_id: OTHER } } }),
    removal(7, 4),
    edit(8, 6, 1, "answer, better"),
    event(9, { kind: "conversation.changed", content: { title: "New" } }),
    event(10, { kind: "owner.changed", content: { owner_id: ME } }),
    event(11, { kind: "member.removed", content: { user_id: OTHER } }),
    event(12),
    erasure(13, [1, 4]),
    event(14, { kind: "reaction.added", target: 12, content: { target: 12, emoji: "👍", count: 1, since: 14 } }),
    event(15, { kind: "message.pinned", target: 12, content: { target: 12 } }),
  ];
  const fresh = converge(history, history);
  expect(texts(fresh)).toEqual([undefined, undefined, undefined, "removed", "answer, better", undefined, undefined, undefined, "text 12"]);
  expect(fresh.entries[2]?.unreadable).toBe("erased");
  expect(fresh.entries[0]?.content).toEqual({});
  expect(fresh.entries[4]?.content?.reply_to?.seq).toBe(3);
  let state = 7;
  const random = () => {
    state = (state * 48271) % 2147483647;
    return state / 2147483647;
  };
  for (let round = 0; round < 300; round += 1) {
    const delivered = history
      .flatMap((frame) => (random() < 0.2 ? [] : random() < 0.3 ? [frame, frame] : [frame]))
      .sort(() => (random() < 0.2 ? 1 : -1) - (random() < 0.2 ? 1 : 0));
    expect(converge(history, delivered)).toEqual(fresh);
  }
});

describe("edits and removals", () => {
  test("an older edit does not undo a newer one", () => {
    const page = withPage(emptyLog(ROOM, 5, 0), [entry(1, { revision: 2, edited_at: 1, content: { text: "second" } })], false);
    expect(texts(applyEvent(page, edit(6, 1, 1, "first")).log)).toEqual(["second"]);
  });

  test("nothing brings a removed text back", () => {
    let log = withPage(emptyLog(ROOM, 1, 0), [entry(1)], false);
    log = applyEvent(log, removal(2, 1)).log;
    log = applyEvent(log, edit(3, 1, 1, "back")).log;
    expect(log.entries[0]?.content).toBeNull();
    expect(log.entries[0]?.removed?.by).toBe(OTHER);
    expect(texts(withPage(log, [entry(1)], false))).toEqual(["removed"]);
  });

  test("a superseded text waits for its newer one", () => {
    let log = applyEvent(emptyLog(ROOM, 0, 0), event(1, { content: null, why: "superseded" })).log;
    expect(log.entries[0]?.unreadable).toBeUndefined();
    log = applyEvent(log, edit(2, 1, 1, "now")).log;
    expect(texts(log)).toEqual(["now"]);
  });

  test("nothing brings an erased text back", () => {
    let log = withPage(emptyLog(ROOM, 3, 0), [entry(1), entry(2), entry(3)], false);
    log = applyEvent(log, erasure(4, [1, 1], [3, 3])).log;
    expect(texts(log)).toEqual([undefined, "text 2", undefined]);
    log = withPage(log, [entry(1), entry(2), entry(3)], false);
    expect(log.entries.map((held) => held.unreadable)).toEqual(["erased", undefined, "erased"]);
    expect(texts(withPage(withPage(emptyLog(ROOM, 1, 0), [entry(1)], false), [entry(1, { content: null, unreadable: "erased" })], false))).toEqual([undefined]);
  });

  test("the newest message of the list is erased with its range", () => {
    const line = summaryAfter({ ...summary(), head_seq: 3, last: entry(3) }, erasure(4, [1, 3]), ME);
    expect(line.last?.unreadable).toBe("erased");
    expect(summaryAfter(line, event(5, { kind: "conversation.changed", content: { retention_days: 30 } }), ME).retention_days).toBe(30);
  });

  test("erased and damaged texts say so", () => {
    expect(applyEvent(emptyLog(ROOM, 0, 0), event(1, { content: null, why: "damaged" })).log.entries[0]?.unreadable).toBe("damaged");
  });
});

describe("pages", () => {
  test("events that arrive while the page loads are neither lost nor doubled", () => {
    let log = emptyLog(ROOM, 3, 0);
    log = applyEvent(log, event(4)).log;
    log = withPage(log, [entry(2), entry(3), entry(4)], true);
    log = applyEvent(log, event(5)).log;
    expect(log.entries.map((held) => held.seq)).toEqual([2, 3, 4, 5]);
  });

  test("older pages come in front", () => {
    const log = withOlderPage(withPage(emptyLog(ROOM, 4, 0), [entry(3), entry(4)], true), [entry(1), entry(2)], false);
    expect([log.entries.map((held) => held.seq), log.more]).toEqual([[1, 2, 3, 4], false]);
  });

  test("an explicit gap forgets the window and goes on behind it", () => {
    const log = afterGap(withPage(emptyLog(ROOM, 2, 0), [entry(1), entry(2)], false), 3, 480);
    expect([log.seq, log.entries.length, log.loaded]).toEqual([480, 0, false]);
    expect(applyEvent(log, event(481)).outcome).toBe("applied");
    expect(afterGap(log, 3, 100)).toBe(log);
    expect(afterGap(log, 500, 600)).toBe(log);
  });

  test("trimming keeps the newest and remembers that there is more", () => {
    const log = trimmed(withPage(emptyLog(ROOM, 4, 0), [entry(1), entry(2), entry(3)], false), 2);
    expect([log.entries.map((held) => held.seq), log.more]).toEqual([[2, 3], true]);
  });
});

describe("the line in the list", () => {
  test("a message of somebody else counts as unread, once", () => {
    const after = summaryAfter(summary(), event(1), ME);
    expect([unread(after), after.last?.content?.text]).toEqual([1, "text 1"]);
    expect(summaryAfter(after, event(1), ME)).toBe(after);
  });

  test("an own message is read", () => {
    expect(unread(summaryAfter(summary(), event(1, { sender: ME }), ME))).toBe(0);
  });

  test("an edit or removal of the last message changes the preview", () => {
    const one = summaryAfter(summary(), event(1), ME);
    const two = summaryAfter(one, edit(2, 1, 1, "new"), ME);
    expect(two.last?.content?.text).toBe("new");
    expect(summaryAfter(two, removal(3, 1), ME).last?.removed).not.toBeNull();
  });

  test("membership and names follow the events", () => {
    let room = summaryAfter(summary(), event(1, { kind: "member.added", no: 0 }), ME);
    room = summaryAfter(room, event(2, { kind: "conversation.changed", content: { title: "North", purpose: "Keys" }, no: 0 }), ME);
    room = summaryAfter(room, event(3, { kind: "owner.changed", content: { owner_id: ME }, no: 0 }), ME);
    room = summaryAfter(room, event(4, { kind: "member.removed", no: 0 }), ME);
    expect([room.members_count, room.title, room.purpose, room.owner_id, unread(room)]).toEqual([2, "North", "Keys", ME, 0]);
  });
});
