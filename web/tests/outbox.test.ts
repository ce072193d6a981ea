import "fake-indexeddb/auto";
import { beforeEach, describe, expect, test } from "vitest";
import { forgetEverything, outboxStore } from "../src/core/db";
import { Outbox, type OutItem } from "../src/core/outbox";

interface Sent {
  t: string;
  c: string;
  client_id: string;
  text?: string;
}

class Network {
  up = true;
  readonly sent: Sent[] = [];
  readonly later: (() => void)[] = [];
  items: readonly OutItem[] = [];
  readonly outbox = new Outbox(outboxStore, {
    changed: (items) => {
      this.items = items;
    },
    send: (frame) => {
      if (this.up) this.sent.push(frame as Sent);
      return this.up;
    },
    later: (_ms, callback) => {
      this.later.push(callback);
    },
  });
}

const stored = () => new Promise((resolve) => setTimeout(resolve, 20));
const say = (network: Network, text: string, room = "room") => network.outbox.add(room, "me", { t: "send", text });

beforeEach(async () => {
  await forgetEverything();
});

describe("the outbox", () => {
  test("shows an item at once and sends it when it is stored", async () => {
    const network = new Network();
    const item = say(network, "one");
    expect([network.items.length, network.sent.length]).toEqual([1, 0]);
    await stored();
    expect(network.sent).toEqual([{ t: "send", text: "one", c: "room", client_id: item.client_id }]);
    expect((await outboxStore.all()).map((kept) => kept.client_id)).toEqual([item.client_id]);
  });

  test("survives a reload and repeats with the same ids, in order", async () => {
    const before = new Network();
    before.up = false;
    const made = ["one", "two", "three"].map((text) => say(before, text));
    await stored();
    const after = new Network();
    await after.outbox.load("me");
    for (const item of made) {
      expect(after.sent.at(-1)?.client_id).toBe(item.client_id);
      after.outbox.acknowledged(item.client_id);
    }
    expect(after.sent.map((frame) => frame.text)).toEqual(["one", "two", "three"]);
    await stored();
    expect(await outboxStore.all()).toEqual([]);
  });

  test("waits for the answer before the next of the same room, not of another", async () => {
    const network = new Network();
    const first = say(network, "a1", "a");
    say(network, "a2", "a");
    say(network, "b1", "b");
    await stored();
    expect(network.sent.map((frame) => frame.text)).toEqual(["a1", "b1"]);
    network.outbox.acknowledged(first.client_id);
    expect(network.sent.map((frame) => frame.text)).toEqual(["a1", "b1", "a2"]);
  });

  test("asks again with the same id after a lost connection", async () => {
    const network = new Network();
    const item = say(network, "once");
    await stored();
    network.outbox.disconnected();
    network.outbox.pump();
    expect(network.sent.map((frame) => frame.client_id)).toEqual([item.client_id, item.client_id]);
  });

  test("a second answer for the same item does nothing", async () => {
    const network = new Network();
    const item = say(network, "once");
    await stored();
    expect(network.outbox.acknowledged(item.client_id)?.client_id).toBe(item.client_id);
    expect(network.outbox.acknowledged(item.client_id)).toBeUndefined();
    expect(network.sent.length).toBe(1);
  });

  test("a refusal stays with the message, lets the next go and can be tried again", async () => {
    const network = new Network();
    const item = say(network, "long");
    say(network, "next");
    await stored();
    network.outbox.refused(item.client_id, { code: "text_too_long", message: "Too long.", fields: {} });
    expect(network.items[0]?.refused).toEqual({ code: "text_too_long", message: "Too long." });
    expect(network.sent.map((frame) => frame.text)).toEqual(["long", "next"]);
    network.outbox.acknowledged(network.items[1]?.client_id ?? "");
    network.outbox.retry(item.client_id);
    await stored();
    expect(network.sent.at(-1)?.client_id).toBe(item.client_id);
  });

  test("an id that the server will never take is replaced on retry", async () => {
    const network = new Network();
    const item = say(network, "old");
    await stored();
    network.outbox.refused(item.client_id, { code: "client_id_too_old", message: "Old.", fields: {} });
    network.outbox.retry(item.client_id);
    await stored();
    expect(network.sent.at(-1)?.client_id).not.toBe(item.client_id);
    expect((await outboxStore.all()).length).toBe(1);
  });

  test("'busy' rests and repeats by itself", async () => {
    const network = new Network();
    const item = say(network, "patient");
    say(network, "behind");
    await stored();
    network.outbox.refused(item.client_id, { code: "busy", message: "Busy.", fields: { retry_after_s: 1 } });
    network.outbox.pump();
    expect(network.items[0]?.refused).toBeUndefined();
    expect(network.sent.length).toBe(1);
    network.later[0]?.();
    expect(network.sent.map((frame) => frame.text)).toEqual(["patient", "patient"]);
  });

  test("deleting forgets the item on the device too", async () => {
    const network = new Network();
    network.up = false;
    const item = say(network, "never mind");
    await stored();
    network.outbox.drop(item.client_id);
    await stored();
    expect([network.items.length, (await outboxStore.all()).length]).toEqual([0, 0]);
  });

  test("items of another person on this device are left alone", async () => {
    const network = new Network();
    network.up = false;
    say(network, "mine");
    await stored();
    const other = new Network();
    await other.outbox.load("somebody else");
    expect([other.items.length, other.sent.length]).toEqual([0, 0]);
  });
});
