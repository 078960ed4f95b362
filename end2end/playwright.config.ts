import { defineConfig, devices } from "@playwright/test";
import type { ShopOptions } from "./shop.ts";

const pictures = process.env.PICTURES ? [{ name: "pictures", testMatch: "pictures.ts" }] : [];
// The purchase and the owner's day once more on the other database, when there is one (`make test` starts it).
const postgres = process.env.TEST_DATABASE_URL
  ? [{ name: "postgres", testMatch: ["buy.spec.ts", "admin-day.spec.ts"], use: { database: "postgres" as const } }]
  : [];

export default defineConfig<object, ShopOptions>({
  testDir: "specs",
  // A test that passes at the second try has found something.
  retries: 0,
  workers: 2,
  fullyParallel: true,
  forbidOnly: !!process.env.CI,
  // For what hangs. How fast the shop is, `make bench` says, and not a test on a machine that is busy with others.
  timeout: 180_000,
  globalTimeout: 30 * 60_000,
  expect: { timeout: 20_000 },
  reporter: [["list"], ["./reporter.ts"]],
  use: {
    ...devices["Desktop Chrome"],
    locale: "en-GB",
    actionTimeout: 20_000,
    navigationTimeout: 30_000,
    screenshot: "only-on-failure",
    trace: process.env.CI ? "off" : "retain-on-failure",
    launchOptions: {
      executablePath: process.env.CHROMIUM_PATH,
      args: [
        "--no-sandbox", // as root, as in most containers, Chromium refuses to start otherwise
        "--disable-gpu",
        "--disable-background-networking",
        "--disable-component-update",
        "--disable-quic",
        "--no-first-run",
      ],
    },
  },
  projects: [{ name: "sqlite", use: { database: "sqlite" } }, ...postgres, ...pictures],
});
