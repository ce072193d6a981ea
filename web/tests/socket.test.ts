import { afterEach, beforeEach, expect, test, vi } from "vitest";
import { Connection, type Link } from "../src/core/socket";
import type { ServerElement } from "../src/core/types";

class FakeSocket {
  static readonly OPEN = 1;
  static all: FakeSocket[] = [];
  readyState = 0;
  sent: { t: string }[] = [];
  onopen: (() => void) | null = null;
  onmessage: ((message: { data: string }) => void) | null = null;
  onclose: ((event: { code: number }) => void) | null = null;
  constructor() {
    FakeSocket.all.push(this);
  }
  send(text: string) {
    this.sent.push(JSON.parse(text));
  }
  close() {
    this.readyState = 3;
  }
  welcome() {
    this.readyState = 1;
    this.onopen?.();
    this.give({ t: "welcome", session: "s", user_pos: 0, heads: [] });
  }
  give(...elements: ServerElement[]) {
    this.onmessage?.({ data: JSON.stringify(elements) });
  }
  end(code: number) {
    this.readyState = 3;
    this.onclose?.({ code });
  }
}

let links: Link[] = [];
let received: ServerElement[] = [];
let signedOut = 0;
let connection: Connection;
const last = () => FakeSocket.all.at(-1) as FakeSocket;

beforeEach(() => {
  vi.useFakeTimers();
  vi.stubGlobal("WebSocket", FakeSocket);
  vi.spyOn(Math, "random").mockReturnValue(1);
  FakeSocket.all = [];
  links = [];
  received = [];
  signedOut = 0;
  connection = new Connection("ws://x", {
    hello: () => ({ t: "hello" }),
    receive: (element) => received.push(element),
    moved: (link) => links.push(link),
    signedOut: () => {
      signedOut += 1;
    },
  });
  connection.start();
});

afterEach(() => {
  connection.stop();
  vi.useRealTimers();
  vi.unstubAllGlobals();
  vi.restoreAllMocks();
});

test("says hello first and is online after the welcome", () => {
  last().welcome();
  expect([last().sent[0]?.t, links.at(-1), received.map((element) => element.t)]).toEqual(["hello", "online", ["welcome"]]);
});

test("comes back after a loss, each time later, and counts anew after a welcome", () => {
  last().end(1006);
  vi.advanceTimersByTime(999);
  expect(FakeSocket.all.length).toBe(1);
  vi.advanceTimersByTime(1);
  last().end(1006);
  vi.advanceTimersByTime(2_000);
  expect(FakeSocket.all.length).toBe(3);
  last().welcome();
  last().end(1006);
  vi.advanceTimersByTime(1_000);
  expect(FakeSocket.all.length).toBe(4);
});

test("a draining server is given the time it asked for", () => {
  last().welcome();
  last().give({ t: "drain", reconnect_after_ms: 1_200 });
  last().end(4503);
  vi.advanceTimersByTime(1_199);
  expect(FakeSocket.all.length).toBe(1);
  vi.advanceTimersByTime(1);
  expect(FakeSocket.all.length).toBe(2);
});

test("a client that fell behind reconnects at once", () => {
  last().welcome();
  last().give({ t: "resync" });
  last().end(4408);
  vi.advanceTimersByTime(0);
  expect(FakeSocket.all.length).toBe(2);
});

test("a revoked session stays away", () => {
  last().welcome();
  last().end(4401);
  vi.advanceTimersByTime(120_000);
  expect([signedOut, FakeSocket.all.length]).toEqual([1, 1]);
});

test("a silent connection is pinged and then given up", () => {
  last().welcome();
  vi.advanceTimersByTime(30_000);
  expect(last().sent.at(-1)?.t).toBe("ping");
  vi.advanceTimersByTime(10_000);
  expect(links.at(-1)).toBe("offline");
  vi.advanceTimersByTime(1_000);
  expect(FakeSocket.all.length).toBe(2);
});

test("nothing is sent without a connection", () => {
  expect(connection.send({ t: "read" })).toBe(false);
});
