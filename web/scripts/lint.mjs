// House rules a type checker does not know: see src/../tests/house-rules.test.ts, which runs the same list.
import { houseRules } from "./house-rules.mjs";

const failures = houseRules();
if (failures.length) {
  console.error(failures.join("\n"));
  process.exit(1);
}
console.log("lint: clean");
