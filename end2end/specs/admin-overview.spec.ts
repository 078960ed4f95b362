// The overview and the health page: what they say, to whom, how they refresh themselves, in light, dark and small.
import AxeBuilder from "@axe-core/playwright";
import type { Page } from "@playwright/test";
import { expect, test } from "../shop.ts";
import { pay, preorder, signIn, signInAs, someone, thanked } from "../steps.ts";

async function clean(page: Page) {
  const { violations } = await new AxeBuilder({ page }).analyze();
  const serious = violations
    .filter(({ impact }) => impact === "serious" || impact === "critical")
    .map(({ id, help, nodes }) => `${id}: ${help}: ${nodes.map((node) => node.html).slice(0, 3).join(" … ")}`);
  expect(serious, page.url()).toEqual([]);
}

async function sideways(page: Page) {
  return page.evaluate(() => document.documentElement.scrollWidth - document.documentElement.clientWidth);
}

function tile(page: Page, name: string) {
  return page.getByRole("region", { name, exact: true });
}

async function number(page: Page, name: string) {
  const text = await tile(page, name).locator(".tile-value").innerText();
  return Number(text.replaceAll(",", ""));
}

test("the overview refreshes itself when somebody pays, and what is open stays open", async ({ page, context }) => {
  await signIn(page);
  const started = await number(page, "Preorders started");
  const what = tile(page, "Paid").locator("summary");
  await what.focus();
  await page.keyboard.press("Enter");
  await expect(tile(page, "Paid").getByText("whose money came in")).toBeVisible();
  const buyer = await context.newPage();
  await preorder(buyer, someone());
  await pay(buyer);
  const ordered = await thanked(buyer);
  await buyer.close();
  await page.bringToFront();
  await expect.poll(() => number(page, "Preorders started")).toBe(started + 1);
  await expect(page.getByRole("link", { name: ordered })).toBeVisible();
  await expect(tile(page, "Paid").getByText("whose money came in")).toBeVisible();
  await expect(what).toBeFocused();
});

test("a span and a zone are chosen", async ({ page }) => {
  await signIn(page);
  const picker = page.locator(".picker");
  await picker.locator("summary").click();
  await picker.getByRole("link", { name: "Last 30 days" }).click();
  await expect(page).toHaveURL(/span=30d/);
  await expect(picker.locator("summary")).toContainText("Last 30 days");
  await picker.locator("summary").click();
  await picker.getByLabel("Show times as in").fill("Asia/Tokyo");
  await picker.getByRole("button", { name: "Set" }).click();
  await expect(picker.locator("summary")).toContainText("Tokyo");
  await expect(page).toHaveURL(/span=30d/);
  await picker.locator("summary").click();
  await picker.getByLabel("From").fill("2026-03-28");
  await picker.getByLabel("To", { exact: true }).fill("2026-03-30");
  await picker.getByRole("button", { name: "Show these days" }).click();
  await expect(page.locator("#as-of")).toContainText("28 – 30 March 2026");
  await page.getByText("As a table").click();
  await expect(page.locator(".behind-table tbody tr")).toHaveCount(3);
});

test("a viewer sees the numbers and no addresses", async ({ page, shop }) => {
  const email = someone("masked");
  await preorder(page, email);
  await signInAs(page, shop, "viewer");
  await expect(page.getByRole("heading", { name: "Overview" })).toBeVisible();
  await expect(page.getByText(email)).toHaveCount(0);
  await expect(page.getByText(/^m•••@example\.com$/).first()).toBeVisible();
  await expect(page.getByRole("link", { name: "People" })).toHaveCount(0);
});

test("support sees them too, and health says what was checked", async ({ page, shop }) => {
  await signInAs(page, shop, "support");
  await expect(tile(page, "Payments that succeed")).toBeVisible();
  await page.getByRole("link", { name: "Health" }).click();
  await expect(page.getByRole("heading", { level: 2 }).first()).toBeVisible();
  await expect(page.getByRole("row", { name: /migrations/ })).toContainText("Passed");
  await page.getByRole("link", { name: "Check again" }).click();
  await expect(page.getByText(/checks at/)).toBeVisible();
});

for (const colorScheme of ["light", "dark"] as const) {
  for (const [width, height] of [[1440, 900], [360, 760]]) {
    test.describe(`${colorScheme} at ${width}`, () => {
      test.use({ colorScheme, viewport: { width, height } });

      test("nothing serious, and nothing beside the page", async ({ page }) => {
        await preorder(page, someone());
        await pay(page);
        await thanked(page);
        await signIn(page);
        await expect(page.getByRole("heading", { name: "Started and paid" })).toBeVisible();
        await clean(page);
        expect(await sideways(page)).toBeLessThanOrEqual(0);
        await page.locator(".picker summary").click();
        await clean(page);
        // Nothing of the panel is out of sight.
        const panel = await page.locator(".picker-panel").boundingBox();
        expect(panel?.x).toBeGreaterThanOrEqual(0);
        expect((panel?.x ?? 0) + (panel?.width ?? 0)).toBeLessThanOrEqual(width);
        expect(await sideways(page)).toBeLessThanOrEqual(0);
        if (process.env.SHOTS) await page.screenshot({ path: `${process.env.SHOTS}/picker-${colorScheme}-${width}.png` });
        await page.keyboard.press("Escape");
        for (const what of await page.locator(".definition").all()) {
          await what.locator("summary").click();
          const box = await what.locator("p").boundingBox();
          expect(box?.x).toBeGreaterThanOrEqual(0);
          expect((box?.x ?? 0) + (box?.width ?? 0)).toBeLessThanOrEqual(width);
          // It lies over its neighbours until it is closed.
          await what.locator("summary").click();
        }
        await page.keyboard.press("Escape");
        if (process.env.SHOTS) await page.screenshot({ path: `${process.env.SHOTS}/overview-${colorScheme}-${width}.png`, fullPage: true });
        await page.goto("/admin/health");
        await clean(page);
        expect(await sideways(page)).toBeLessThanOrEqual(0);
        if (process.env.SHOTS) await page.screenshot({ path: `${process.env.SHOTS}/health-${colorScheme}-${width}.png`, fullPage: true });
      });
    });
  }
}
