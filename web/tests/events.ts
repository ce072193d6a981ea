/** Makers of events and entries for tests. */
import type { Entry, EventFrame, Summary } from "../src/core/types";

export const ROOM = "0198-room";
export const ME = "0198-me";
export const OTHER = "0198-other";

export function event(seq: number, over: Partial<EventFrame> = {}): EventFrame {
  return {
    t: "event",
    c: ROOM,
    seq,
    no: seq,
    kind: "message.created",
    sender: OTHER,
    ts: 1_770_000_000_000 + seq * 1000,
    client_id: `client-${seq}`,
    target: null,
    rev: 0,
    content: { text: `text ${seq}` },
    ...over,
  };
}

export const edit = (seq: number, target: number, rev: number, text: string) =>
  event(seq, { kind: "message.edited", target, rev, content: { text }, no: target });

export const removal = (seq: number, target: number) => event(seq, { kind: "message.removed", target, content: { by: OTHER }, no: target });

export const erasure = (seq: number, ...ranges: [number, number][]) => event(seq, { kind: "messages.erased", content: { ranges, reason: "retention" }, no: 0 });

export function entry(seq: number, over: Partial<Entry> = {}): Entry {
  return {
    seq,
    msg_no: seq,
    kind: "message.created",
    sender_id: OTHER,
    ts: 1_770_000_000_000 + seq * 1000,
    client_id: `client-${seq}`,
    revision: 0,
    edited_at: null,
    removed: null,
    content: { text: `text ${seq}` },
    ...over,
  };
}

export function summary(over: Partial<Summary> = {}): Summary {
  return {
    conversation_id: ROOM,
    kind: "group",
    title: "Warehouse",
    purpose: "Loading",
    owner_id: OTHER,
    members_count: 2,
    my_role: "member",
    visible_from: 1,
    head_seq: 0,
    msg_no: 0,
    read_seq: 0,
    read_no: 0,
    fence: 0,
    last: null,
    ...over,
  };
}
