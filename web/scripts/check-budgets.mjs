// Fails the build when the first load grows beyond its budget (bytes after gzip).
import { readFileSync, readdirSync, statSync } from "node:fs";
import { fileURLToPath } from "node:url";
import { gzipSync } from "node:zlib";

const out = fileURLToPath(new URL("../../src/amana/app/static/", import.meta.url));
const html = readFileSync(`${out}index.html`, "utf8");
const gz = (file) => gzipSync(readFileSync(out + file), { level: 9 }).length;
const named = (pattern) => [...html.matchAll(pattern)].map((match) => match[1].slice(1));

const first = {
  js: named(/(?:src|href)="(\/assets\/[^"]+\.js)"/g),
  css: named(/href="(\/assets\/[^"]+\.css)"/g),
};
const lazy = readdirSync(`${out}assets`).filter((f) => f.endsWith(".js") && !first.js.includes(`assets/${f}`));
const sum = (files) => files.reduce((total, file) => total + gz(file), 0);
const part = (name) => lazy.filter((file) => file.startsWith(`${name}-`)).map((file) => `assets/${file}`);
const texts = Math.max(...["en", "de", "et", "ar"].map((code) => sum(part(code))));
const checks = [
  // Everything until somebody can read and write: start, the inside, one language.
  ["JavaScript to the chat", sum(first.js) + sum(part("shell")) + texts, 60_000],
  ["JavaScript to the door", sum(first.js) + sum(part("door")) + sum(part("join")) + texts, 45_000],
  ["first CSS", sum(first.css), 12_000],
  ["page", gz("index.html"), 2_000],
  ...lazy.map((file) => [`lazy ${file.replace(/-[\w-]{8}\.js$/, "")}`, gz(`assets/${file}`), 20_000]),
];
const failures = [];
for (const [name, size, limit] of checks) {
  console.log(`${name.padEnd(24)} ${(size / 1000).toFixed(1).padStart(6)} kB gz  (limit ${limit / 1000} kB)`);
  if (size > limit) failures.push(`${name} is ${size} bytes, limit ${limit}`);
}
if (/<script(?![^>]*\ssrc=)|<style|\sstyle=|\son\w+=/.test(html)) failures.push("index.html holds inline script or style");
if (/https?:\/\//.test(html)) failures.push("index.html names another host");
for (const file of readdirSync(out, { recursive: true })) {
  if (file.endsWith(".map") && statSync(out + file).isFile()) failures.push(`source map in the output: ${file}`);
}
if (failures.length) {
  console.error(failures.join("\n"));
  process.exit(1);
}
