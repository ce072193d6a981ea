import { expect, test } from "vitest";
import { backoffMs } from "../src/core/backoff";
import { newClientId } from "../src/core/ids";

test("client ids are UUIDs of version 7 with the time in front", () => {
  const now = Date.now() + 1_000_000;
  const id = newClientId(now);
  expect(id).toMatch(/^[0-9a-f]{8}-[0-9a-f]{4}-7[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}$/);
  expect(Number.parseInt(id.replaceAll("-", "").slice(0, 12), 16)).toBe(now);
});

test("ids of one tab never repeat and always sort after earlier ones, also within a millisecond", () => {
  const now = Date.now() + 2_000_000;
  const ids = Array.from({ length: 10_000 }, () => newClientId(now));
  expect(new Set(ids).size).toBe(ids.length);
  expect([...ids].sort()).toEqual(ids);
});

test("a clock that goes back does not break the order", () => {
  const now = Date.now() + 3_000_000;
  expect(newClientId(now) < newClientId(now - 60_000)).toBe(true);
});

test("waiting grows with full jitter from one second to a minute", () => {
  expect(backoffMs(0, () => 1)).toBe(1_000);
  expect(backoffMs(3, () => 1)).toBe(8_000);
  expect(backoffMs(50, () => 1)).toBe(60_000);
  expect(backoffMs(5, () => 0)).toBe(0);
});
