// Holds the direction of imports: http → app → ui → api → workflows → {store, providers} → domain, outbox → workflows.
// A room may import what stands below it; what is on the same line may not import each other.
import { readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";

const floors = [
  ["domain"],
  ["clock", "config", "fail_points", "telemetry"],
  ["store", "providers"],
  ["context"],
  ["workflows"],
  ["api", "outbox"],
  ["ui"],
  ["app"],
  ["http"],
];
// The whole house at once: the command line, the map of modules, what tests and measures it.
const outside = ["lib", "main", "commands", "tests", "bench", "demo"];
const floor = new Map(floors.flatMap((rooms, level) => rooms.map((room) => [room, level])));

function allowed(from, to) {
  if (from === to || outside.includes(from)) return true;
  if (from === "domain" || from === "sandbox") return false; // pure rules; a stranger that only happens to live here
  if (to === "sandbox") return from === "http";
  if (to === "ui") return from === "app";
  return floor.has(from) && floor.has(to) && floor.get(to) < floor.get(from);
}

/// The modules named after `crate::`, with `crate::{a::b, c}` taken apart.
function* imports(source) {
  const code = source.replace(/\/\/.*$/gm, (comment) => " ".repeat(comment.length));
  for (const match of code.matchAll(/\b(?:crate|rolitt)::(\{|\w+)/g)) {
    const line = code.slice(0, match.index).split("\n").length;
    if (match[1] !== "{") {
      yield [match[1], line];
      continue;
    }
    let depth = 1;
    let name = "";
    let start = true;
    for (let i = match.index + match[0].length; depth > 0 && i < code.length; i++) {
      const c = code[i];
      if (depth === 1 && start && /\w/.test(c)) name += c;
      else if (name && start && !/\w/.test(c)) {
        yield [name, line];
        name = "";
        start = false;
      }
      if (c === "{") depth++;
      if (c === "}") depth--;
      if (c === "," && depth === 1) start = true;
    }
  }
}

const files = readdirSync("src", { recursive: true }).filter((file) => file.endsWith(".rs"));
const rooms = new Set(files.map((file) => file.split(/[/.]/)[0]));
let wrong = 0;
for (const file of files) {
  const from = file.split(/[/.]/)[0];
  for (const [to, line] of imports(readFileSync(join("src", file), "utf8"))) {
    if (!rooms.has(to) || allowed(from, to)) continue; // not a room: a macro or an item of lib.rs
    console.error(`src/${file}:${line}: ${from} must not import ${to}`);
    wrong++;
  }
}
for (const room of rooms) {
  if (floor.has(room) || outside.includes(room) || room === "sandbox") continue;
  console.error(`src/${room}: a new room: say in .ci/imports.mjs on which floor it is`);
  wrong++;
}
process.exit(wrong ? 1 : 0);
