// @vitest-environment node
import { readdirSync, readFileSync } from "node:fs";
import { FluentResource } from "@fluent/bundle";
import { describe, expect, test } from "vitest";
import { bundleFrom, LANGUAGES } from "../src/i18n";

const root = new URL("../", import.meta.url);
const files = (folder: string): string[] => readdirSync(new URL(folder, root), { recursive: true }).map(String);

function source(code: string): string {
  return files(`locales/${code}/`)
    .sort()
    .map((name) => readFileSync(new URL(`locales/${code}/${name}`, root), "utf8"))
    .join("\n");
}

interface Expression {
  type: string;
  name?: string;
  selector?: Expression;
  variants?: { key: { value?: string | number }; value: unknown }[];
}

/** Every variable and every selector inside a message. */
function walk(value: unknown, found: { variables: Set<string>; selects: Expression[] }): typeof found {
  if (Array.isArray(value)) for (const part of value) walk(part, found);
  else if (value && typeof value === "object") {
    const node = value as Expression;
    if (node.type === "var") found.variables.add(node.name ?? "");
    if (node.type === "select") found.selects.push(node);
    for (const part of Object.values(node)) walk(part, found);
  }
  return found;
}

const messages = (code: string) => new Map(new FluentResource(source(code)).body.map((message) => [message.id, walk(message.value, { variables: new Set(), selects: [] })]));
const english = messages("en");

describe.each(LANGUAGES)("texts in %s", (code) => {
  const own = messages(code);

  test("have every key and no other, with the same arguments", () => {
    expect([...own.keys()].sort()).toEqual([...english.keys()].sort());
    for (const [key, { variables }] of own) expect([key, [...variables].sort()]).toEqual([key, [...(english.get(key)?.variables ?? [])].sort()]);
  });

  test("know every plural form of the language", () => {
    const forms = new Intl.PluralRules(code).resolvedOptions().pluralCategories;
    for (const [key, { selects }] of own) {
      for (const select of selects) {
        const keys = (select.variants ?? []).map((variant) => String(variant.key.value));
        if (keys.includes("yes")) continue;
        for (const form of forms) expect(keys, `${code} ${key}`).toContain(form);
      }
    }
  });

  test("format without errors", () => {
    const bundle = bundleFrom(code, source(code));
    for (const [key, { variables }] of own) {
      for (const count of [0, 1, 2, 5, 11, 100]) {
        const errors: Error[] = [];
        const args = Object.fromEntries([...variables].map((name) => [name, name === "mine" ? "no" : ["count", "of", "days", "step"].includes(name) ? count : "Mari"]));
        bundle.formatPattern(bundle.getMessage(key)?.value ?? "", args, errors);
        expect([key, errors]).toEqual([key, []]);
      }
    }
  });
});

test("every key that the sources use exists, and every key is used", () => {
  const code = files("src/")
    .filter((name) => /\.tsx?$/.test(name))
    .map((name) => readFileSync(new URL(`src/${name}`, root), "utf8"))
    .join("\n");
  const used = [...code.matchAll(/\bt\("([a-z-]+)"/g)].map((match) => match[1] ?? "");
  expect(used.filter((key) => !english.has(key))).toEqual([]);
  const families = [...code.matchAll(/\bt\(`([a-z-]+)\$/g)].map((match) => match[1] ?? "");
  const idle = [...english.keys()].filter((key) => !code.includes(`"${key}"`) && !families.some((family) => key.startsWith(family)));
  expect(idle).toEqual([]);
});
