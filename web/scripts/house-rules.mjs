// Rules of the web client that can be read off its files.
import { readFileSync, readdirSync } from "node:fs";
import { fileURLToPath } from "node:url";

const root = fileURLToPath(new URL("../", import.meta.url));
const physical =
  /(?:^|[;{\s])(?:margin|padding|border)-(?:left|right|top|bottom)\b|(?:^|[;{\s])(?:left|right|top|bottom|width|height|min-width|max-width|min-height|max-height)\s*:|text-align:\s*(?:left|right)\b|float:\s*(?:left|right)\b/;
const forbidden = [
  [/dangerouslySetInnerHTML|\.innerHTML|\.outerHTML|insertAdjacentHTML|document\.write\b/, "writes HTML"],
  [/\beval\(|new Function\(/, "evaluates text"],
  [/localStorage\.setItem\([^)]*(?:secret|token|password)/i, "stores a secret"],
  [/https?:\/\/(?!www\.w3\.org)/, "names another host"],
  [/\b(?:TODO|FIXME)\b/, "has a TODO"],
];

function files(folder, endings) {
  return readdirSync(root + folder, { recursive: true })
    .map((name) => `${folder}/${name}`)
    .filter((name) => endings.some((ending) => name.endsWith(ending)));
}

export function houseRules() {
  const failures = [];
  const sources = [...files("src", [".ts", ".tsx", ".css"]), ...files("tests", [".ts", ".tsx"])];
  for (const name of sources) {
    const lines = readFileSync(root + name, "utf8").split("\n");
    if (lines.length > 400) failures.push(`${name}: ${lines.length} lines, at most 400`);
    lines.forEach((line, index) => {
      const at = `${name}:${index + 1}`;
      if (name.endsWith(".css")) {
        if (/#[\da-f]{3,8}\b/i.test(line) && !name.endsWith("tokens.css")) failures.push(`${at}: a colour outside tokens.css`);
        if (physical.test(line.replace(/@(?:media|container)[^{]*/g, ""))) failures.push(`${at}: physical property; use the logical one`);
      } else if (name.startsWith("src")) {
        for (const [pattern, why] of forbidden) if (pattern.test(line)) failures.push(`${at}: ${why}`);
      }
    });
  }
  return failures;
}
