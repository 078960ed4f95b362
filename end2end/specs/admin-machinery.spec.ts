// The rooms Webhooks and Background, as support works in them and as a viewer looks at them.
import AxeBuilder from "@axe-core/playwright";
import type { Page } from "@playwright/test";
import { expect, test } from "../shop.ts";
import { badge, faults, onPaymentPage, pay, preorder, received, signIn, signInAs, someone, thanked } from "../steps.ts";

const healthy = { klaviyo: { error_rate: 0 } };
/// An answer that no repeat makes better: a delivery is given up at once.
const broken = { klaviyo: { error_rate: 1, error_status: 400 } };

test.afterEach(({ request }) => faults(request, healthy));

async function clean(page: Page) {
  const { violations } = await new AxeBuilder({ page }).analyze();
  const serious = violations
    .filter(({ impact }) => impact === "serious" || impact === "critical")
    .map(({ id, help, nodes }) => `${id}: ${help}: ${nodes.map((node) => node.html).slice(0, 3).join(" … ")}`);
  expect(serious, page.url()).toEqual([]);
}

/// No page is wider than its window, however narrow the phone.
async function fits(page: Page) {
  const { inner, width } = await page.evaluate(() => ({ inner: document.querySelector("main")?.scrollWidth ?? 0, width: innerWidth }));
  expect(inner, page.url()).toBeLessThanOrEqual(width);
}

/// A lead whose Klaviyo event is given up.
async function lead(page: Page, email: string) {
  await faults(page.request, broken);
  await preorder(page, email);
  await onPaymentPage(page);
}

async function open(page: Page, email: string) {
  await expect(async () => {
    await page.goto("/admin/background?kind=klaviyo_preorder_started");
    await expect(page.getByRole("table").last().getByRole("link", { name: "Klaviyo preorder started" }).first()).toBeVisible();
  }, email).toPass();
  await page.getByRole("table").last().getByRole("link", { name: "Klaviyo preorder started" }).first().click();
  await page.getByTestId("tries").waitFor();
}

test("support sees why a Klaviyo event failed, and retries it", async ({ page, shop, request }) => {
  const email = someone("retried");
  await lead(page, email);
  await signInAs(page, shop, "support");
  await open(page, email);
  await expect(page.getByText("Klaviyo answered 400").first()).toBeVisible();
  await faults(request, healthy);
  await page.getByRole("button", { name: "Retry" }).click();
  await expect(page.getByRole("status")).toHaveText("Started again.");
  await expect(async () => {
    await page.reload();
    await expect(badge(page, "Done")).toBeVisible({ timeout: 200 });
  }).toPass();
  await expect(page.getByTestId("tries")).toContainText("sam@rolitt.test retried a delivery");
  const sent = await received(request, email);
  expect(sent.klaviyo.filter((event) => JSON.stringify(event).includes('"status":202'))).toHaveLength(1);
});

test("support gives a delivery up for good, and says why", async ({ page, shop }) => {
  await lead(page, someone("discarded"));
  await signInAs(page, shop, "support");
  await open(page, "discarded");
  await page.getByText("Discard …").click();
  await page.getByLabel("Reason").fill("Asked not to be written to");
  await page.getByRole("button", { name: "Discard" }).click();
  await expect(badge(page, "Discarded").first()).toBeVisible();
  await page.goto("/admin/background?state=discarded");
  await expect(page.getByText("Discarded: Asked not to be written to").first()).toBeVisible();
});

test("a kind is paused while its provider is down, and goes on when it is resumed", async ({ page, shop, request }) => {
  await signInAs(page, shop, "support");
  await page.goto("/admin/background");
  await page.getByText("Pause a kind …").click();
  await page.getByLabel("Kind", { exact: true }).first().selectOption("klaviyo_preorder_started");
  await page.getByLabel("Reason").first().fill("Klaviyo is down, they know");
  await page.getByRole("button", { name: "Pause", exact: true }).click();
  await expect(page.getByRole("status")).toContainText("Klaviyo preorder started is paused");
  const email = someone("paused");
  await preorder(page, email);
  await page.goto("/admin/background?state=pending");
  await expect(page.getByRole("table").first()).toContainText("Klaviyo is down, they know");
  await expect(page.getByRole("table").last().getByRole("link", { name: "Klaviyo preorder started" })).toBeVisible();
  expect(JSON.stringify((await received(request, email)).klaviyo)).not.toContain("Preorder Started");
  await page.getByRole("button", { name: "Resume: Klaviyo preorder started" }).click();
  await expect(page.getByRole("status")).toHaveText("Klaviyo preorder started goes on.");
  await expect.poll(async () => JSON.stringify((await received(request, email)).klaviyo)).toContain("Preorder Started");
});

test("a webhook is found by its preorder, looked at, and replayed", async ({ page, shop }) => {
  await preorder(page, someone("replayed"));
  await pay(page);
  const number = await thanked(page);
  await signInAs(page, shop, "support");
  await page.goto("/admin/webhooks");
  await page.getByLabel("Preorder number").fill(number.toLowerCase());
  await page.getByLabel("Event type").fill("checkout.session.completed");
  await page.getByRole("button", { name: "Filter" }).click();
  await page.getByRole("link", { name: "checkout.session.completed" }).click();
  await expect(badge(page, "Applied")).toBeVisible();
  await expect(page.getByTestId("body")).toContainText('"type": "checkout.session.completed"');
  await page.getByRole("link", { name: "Dry run" }).click();
  await expect(page.getByTestId("dry-run")).toContainText("Nothing would change");
  await page.getByRole("button", { name: "Replay" }).click();
  await expect(page.getByRole("status")).toHaveText("1 event is applied again.");
  await expect(async () => {
    await page.reload();
    await expect(page.getByTestId("tries")).toContainText("Try 2 done", { timeout: 200 });
  }).toPass();
  // A selection, from the list.
  await page.goto("/admin/webhooks?event=checkout.session.completed");
  await page.getByRole("checkbox").first().check();
  await page.getByRole("button", { name: "Replay the chosen" }).click();
  await expect(page.getByRole("status")).toContainText("applied again");
});

test("a viewer looks, reads no addresses, and is offered no acts", async ({ page, shop }) => {
  const email = someone("looked-at");
  await preorder(page, email);
  await pay(page);
  await thanked(page);
  await signInAs(page, shop, "viewer");
  await page.goto("/admin/webhooks?event=checkout.session.completed");
  await expect(page.getByRole("button", { name: "Replay the chosen" })).toHaveCount(0);
  await page.getByRole("link", { name: "checkout.session.completed" }).first().click();
  await expect(page.getByTestId("body")).toContainText("l•••@example.com");
  expect(await page.content()).not.toContain(email);
  await page.goto("/admin/background");
  await expect(page.getByText("Pause a kind …")).toHaveCount(0);
});

for (const colorScheme of ["light", "dark"] as const) {
  test.describe(colorScheme, () => {
    test.use({ colorScheme });

    test("axe finds nothing serious, and nothing scrolls sideways on a phone", async ({ page }) => {
      await lead(page, someone("axe"));
      await page.getByRole("link", { name: "Back to the shop" }).click();
      await preorder(page, someone("axe"));
      await pay(page);
      await thanked(page);
      await signIn(page);
      await open(page, "axe");
      const delivery = page.url();
      await page.goto("/admin/webhooks?event=checkout.session.completed");
      const event = await page.getByRole("link", { name: "checkout.session.completed" }).first().getAttribute("href");
      for (const path of ["/admin/webhooks", `${event}?dry_run=1`, "/admin/background", "/admin/background?state=done", delivery]) {
        await page.setViewportSize({ width: 1440, height: 900 });
        await page.goto(path);
        await clean(page);
        await page.setViewportSize({ width: 360, height: 780 });
        await clean(page);
        await fits(page);
      }
      await page.goto("/admin/background");
      await page.getByText("Pause a kind …").click();
      await clean(page);
    });
  });
}
