import { expect, test } from "vitest";
import { daysAgo, hue, initials, moment } from "../src/core/format";

test("initials come from the first and last word, in every script", () => {
  expect(initials("Mari Tamm")).toBe("MT");
  expect(initials("Jürgen von der Großmann")).toBe("JG");
  expect(initials("Õnne")).toBe("ÕN");
  expect(initials("مستودع الشمال")).toBe("مش");
  expect(initials("")).toBe("");
  expect(initials("👩‍👩‍👧 Ops")).toBe("OP");
});

test("a hue belongs to an id for ever", () => {
  expect(hue("0198-abc")).toBe(hue("0198-abc"));
});

test("days are counted by midnights, not by hours", () => {
  const late = new Date(2026, 10, 22, 23, 59).getTime();
  expect(daysAgo(late, late + 2 * 60_000)).toBe(1);
  expect(daysAgo(late, late)).toBe(0);
});

test("times are understood as milliseconds and as ISO text", () => {
  expect([moment(5), moment("1970-01-01T00:00:01Z"), moment(null)]).toEqual([5, 1000, 0]);
});
