// Every crate that is linked in has a licence that .cargo/deny.toml allows, and comes from crates.io. Works offline.
import { execFileSync } from "node:child_process";
import { readFileSync } from "node:fs";

const list = readFileSync(".cargo/deny.toml", "utf8").match(/^allow = \[([^\]]*)\]/m);
const allowed = new Set([...list[1].matchAll(/"([^"]+)"/g)].map((match) => match[1]));

/// An SPDX expression, read from the loosest operator to the tightest. The old `MIT/Apache-2.0` means OR.
function permits(expression) {
  const open = expression.match(/\(([^()]*)\)/);
  if (open) return permits(expression.replace(open[0], permits(open[1]) ? "yes" : "no"));
  return expression.split(/ OR |\//).some((either) =>
    either.split(" AND ").every((licence) => licence.trim() === "yes" || allowed.has(licence.trim())));
}

const metadata = JSON.parse(execFileSync(
  "cargo",
  ["metadata", "--locked", "--format-version=1", "--all-features", "--filter-platform=x86_64-unknown-linux-gnu"],
  { maxBuffer: 1 << 28, stdio: ["ignore", "pipe", "inherit"] },
));
const linked = new Set(metadata.resolve.nodes.map((node) => node.id));
let wrong = 0;
for (const crate of metadata.packages.filter(({ id }) => linked.has(id))) {
  const name = `${crate.name} ${crate.version}`;
  if (!permits(crate.license ?? "none")) {
    console.error(`${name}: licence ${crate.license ?? "is not stated"}`);
    wrong++;
  }
  if (crate.source && !crate.source.startsWith("registry+https://github.com/rust-lang/crates.io-index")) {
    console.error(`${name}: comes from ${crate.source}`);
    wrong++;
  }
}
process.exit(wrong ? 1 : 0);
