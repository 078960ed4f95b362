// A shop for each Playwright worker: the release binary on a free port, a database of its own, the sandbox inside.
// Tests of one worker run one after the other, so that a fault one of them sets is seen by no other.
import { type ChildProcess, execFileSync, spawn } from "node:child_process";
import { createWriteStream, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { createServer } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { test as base, expect } from "@playwright/test";
import pg from "pg";

export { expect };
const password = "correct horse battery staple";
/// The owner whom every shop begins with, and colleagues who are made when a test asks for them (`signInAs`).
export const admin = { email: "ada@rolitt.test", password };
export const support = { email: "sam@rolitt.test", password };
export const viewer = { email: "vera@rolitt.test", password };

export interface ShopOptions {
  database: "sqlite" | "postgres";
}
export interface Shop {
  url: string;
  log: string;
  /// Makes an admin of this role, as a person with a terminal would.
  hire(email: string, role: "viewer" | "support" | "owner"): void;
  /// Puts invented orders beside those that are there.
  fill(preorders: number): void;
}
interface Watch {
  /// What the browser's console may complain about in this test, because the test provokes it.
  tolerated: RegExp[];
  watch: void;
}

export const test = base.extend<Watch, ShopOptions & { shop: Shop }>({
  database: ["sqlite", { option: true, scope: "worker" }],

  shop: [
    async ({ database }, use) => {
      const home = mkdtempSync(join(tmpdir(), "rolitt-shop-"));
      const postgres = database === "postgres" ? await createDatabase() : undefined;
      const port = await freePort();
      const settings = {
        DATABASE_URL: postgres?.url ?? `sqlite://${home}/rolitt.db`,
        LEPTOS_SITE_ADDR: `127.0.0.1:${port}`,
      };
      const run = (args: string[], input = "") => {
        execFileSync(binary, args, { cwd: home, env: { PATH: process.env.PATH, HOME: home, ...settings }, input });
      };
      const shop = {
        url: `http://127.0.0.1:${port}`,
        log: join(home, "log"),
        hire: (email: string, role: string) => run(["admin", "create", "--email", email, "--role", role], password),
        fill: (preorders: number) => run(["demo", "--preorders", String(preorders), "--i-know"]),
      };
      const server = start(home, shop.log, settings);
      try {
        await ready(shop, server);
        await use(shop);
      } finally {
        await stop(server);
        await postgres?.drop();
        rmSync(home, { recursive: true, force: true });
      }
    },
    { scope: "worker" },
  ],

  baseURL: async ({ shop }, use) => use(shop.url),

  tolerated: [[], { option: true }],

  // No page may complain in the console, whatever else the test looks at; and a failure shows what the server said.
  watch: [
    async ({ context, shop, tolerated }, use, info) => {
      const complaints: string[] = [];
      const note = (text: string) => tolerated.some((known) => known.test(text)) || complaints.push(text);
      context.on("console", (message) => {
        if (message.type() === "error") note(`${message.text()} (${message.location().url})`);
      });
      context.on("weberror", (error) => note(`uncaught: ${error.error()}`));
      const began = readFileSync(shop.log).length;
      await use();
      if (info.status !== info.expectedStatus) {
        await info.attach("server log", { body: readFileSync(shop.log).subarray(began), contentType: "text/plain" });
      }
      expect(complaints, "complaints in the browser's console").toEqual([]);
    },
    { auto: true },
  ],
});

const binary = process.env.ROLITT_BINARY ?? join(import.meta.dirname, "../target/shop/rolitt");

/// The environment is given whole, so that a developer's own Stripe key can't reach the tests, nor its `.env`.
function start(home: string, log: string, settings: Record<string, string>): ChildProcess {
  const server = spawn(binary, ["serve"], {
    cwd: home,
    env: {
      PATH: process.env.PATH,
      HOME: home,
      ADMIN_EMAIL: admin.email,
      ADMIN_PASSWORD: admin.password,
      RATE_LIMIT_PER_MINUTE: "0",
      RUST_LOG: "info",
      ...settings,
    },
    stdio: ["ignore", "pipe", "pipe"],
  });
  const file = createWriteStream(log);
  writeFileSync(log, "");
  server.stdout?.pipe(file, { end: false });
  server.stderr?.pipe(file, { end: false });
  if (process.env.RUNNING && server.pid) writeFileSync(join(process.env.RUNNING, String(server.pid)), "");
  return server;
}

async function ready(shop: Shop, server: ChildProcess) {
  for (let tries = 0; tries < 300; tries++) {
    if (server.exitCode !== null) break;
    if (await fetch(`${shop.url}/readyz`).then((answer) => answer.ok, () => false)) return;
    await new Promise((wake) => setTimeout(wake, 50));
  }
  throw new Error(`the shop did not start:\n${readFileSync(shop.log, "utf8")}`);
}

async function stop(server: ChildProcess) {
  if (server.exitCode === null) {
    const gone = new Promise((done) => server.once("exit", done));
    server.kill("SIGTERM");
    const late = setTimeout(() => server.kill("SIGKILL"), 10_000);
    await gone;
    clearTimeout(late);
  }
  if (process.env.RUNNING) rmSync(join(process.env.RUNNING, String(server.pid)), { force: true });
}

function freePort(): Promise<number> {
  return new Promise((found) => {
    const probe = createServer().listen(0, "127.0.0.1", () => {
      const address = probe.address();
      probe.close(() => found(typeof address === "object" && address ? address.port : 0));
    });
  });
}

async function createDatabase() {
  const server = process.env.TEST_DATABASE_URL ?? "";
  const name = `rolitt_browser_${process.pid}_${Date.now()}`;
  const run = async (sql: string) => {
    const client = new pg.Client({ connectionString: server });
    await client.connect();
    await client.query(sql);
    await client.end();
  };
  await run(`CREATE DATABASE ${name}`);
  const url = new URL(server);
  url.pathname = name;
  return { url: url.href, drop: () => run(`DROP DATABASE IF EXISTS ${name} WITH (FORCE)`) };
}
