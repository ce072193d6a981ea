// @vitest-environment node
import { expect, test } from "vitest";
// @ts-expect-error plain script, no types
import { houseRules } from "../scripts/house-rules.mjs";

test("sources keep the house rules: logical properties, no HTML strings, no other host, short files", () => {
  expect(houseRules()).toEqual([]);
});
