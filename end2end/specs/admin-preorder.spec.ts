// One preorder in the hands of support: its story, refund, cancellation, fulfilment, corrections and notes.
import AxeBuilder from "@axe-core/playwright";
import type { Page } from "@playwright/test";
import { expect, test } from "../shop.ts";
import { badge, pay, preorder, signInAs, someone, thanked } from "../steps.ts";

async function clean(page: Page) {
  const { violations } = await new AxeBuilder({ page }).analyze();
  const serious = violations
    .filter(({ impact }) => impact === "serious" || impact === "critical")
    .map(({ id, help, nodes }) => `${id}: ${help}: ${nodes.map((node) => node.html).slice(0, 3).join(" … ")}`);
  expect(serious, page.url()).toEqual([]);
}

async function fits(page: Page) {
  const wider = await page.locator("main").evaluate((main) => main.scrollWidth - main.clientWidth);
  expect(wider, "the page scrolls sideways").toBe(0);
}

async function open(page: Page, words: string) {
  await page.goto(`/admin/preorders?q=${encodeURIComponent(words)}`);
  await page.locator('a[href^="/admin/preorders/pre_"]').first().click();
  await page.getByTestId("timeline").waitFor();
}

/// Buys, and opens the preorder as support.
async function paid(page: Page, shop: Parameters<typeof signInAs>[1]) {
  const email = someone();
  await preorder(page, email);
  await pay(page);
  const number = await thanked(page);
  await signInAs(page, shop, "support");
  await open(page, number);
  return { email, number };
}

function notice(page: Page) {
  return page.getByRole("status");
}

test("support refunds a part, and the money card follows Stripe", async ({ page, shop }) => {
  await paid(page, shop);
  await page.getByText("Refund …", { exact: true }).click();
  const amount = page.getByLabel(/^Amount in USD/);
  await expect(amount).toHaveValue("499.00");
  await amount.fill("12,50");
  await page.getByRole("button", { name: "Refund", exact: true }).click();
  await expect(page.getByText("Write the amount as 499.00.").last()).toBeVisible();
  await expect(amount).toHaveValue("12,50");
  await expect(amount).toHaveAttribute("aria-invalid", "true");
  await clean(page);
  await amount.fill("12.50");
  await expect(page.getByLabel("Reason")).toHaveValue("requested_by_customer");
  await page.getByRole("button", { name: "Refund", exact: true }).click();
  await expect(notice(page)).toContainText("Refund of $12.50 asked for");
  await expect(async () => {
    await page.reload();
    await expect(badge(page, "Partly refunded")).toBeVisible({ timeout: 500 });
  }).toPass();
  const money = page.getByRole("region", { name: "Money" });
  await expect(money).toContainText("$486.50");
  await expect(money).toContainText("Agrees");
});

test("over the limit an owner has to do it", async ({ page, shop }) => {
  await paid(page, shop);
  await page.getByText("Refund …", { exact: true }).click();
  await page.getByRole("button", { name: "Refund", exact: true }).click();
  await expect(page.getByText(/for an owner to make/).last()).toBeVisible();
});

test("support marks it fulfilled by keyboard, and takes a mistake back", async ({ page, shop }) => {
  await paid(page, shop);
  await page.locator("#fulfil > summary").focus();
  await page.keyboard.press("Enter");
  await page.keyboard.press("Tab");
  await page.keyboard.type("1z999aa1 0123456784");
  await page.keyboard.press("Enter");
  await expect(notice(page)).toContainText("Marked fulfilled.");
  await expect(badge(page, "Fulfilled")).toBeVisible();
  await expect(page.getByRole("region", { name: "Order" })).toContainText("1Z999AA10123456784");
  await expect(page.getByTestId("timeline")).toContainText("marked it fulfilled");
  await page.getByText("More …", { exact: true }).click();
  await page.getByRole("button", { name: "Back to unfulfilled" }).click();
  await expect(badge(page, "Unfulfilled")).toBeVisible();
  await page.getByText("More …", { exact: true }).click();
  await page.getByRole("button", { name: "Put on hold" }).click();
  await expect(badge(page, "On hold")).toBeVisible();
  await page.getByRole("button", { name: "Take off hold" }).click();
  await expect(badge(page, "Unfulfilled")).toBeVisible();
});

test("address, colour and a note are put right", async ({ page, shop }) => {
  await paid(page, shop);
  await page.getByText("Edit address …").click();
  await page.getByLabel(/^Name, street/).fill("Grace Hopper\nTorstraße 1\n10119 Berlin");
  await page.getByLabel("Country, two letters").fill("UK");
  await page.getByRole("button", { name: "Save address" }).click();
  await expect(page.getByText(/such as DE, US or GB/).last()).toBeVisible();
  await page.getByLabel("Country, two letters").fill("de");
  await page.getByRole("button", { name: "Save address" }).click();
  await expect(page.getByRole("region", { name: "Buyer" })).toContainText("Grace Hopper, Torstraße 1, 10119 Berlin, DE");
  await page.getByText("Change colour …").click();
  await page.getByLabel("Colour", { exact: true }).selectOption({ label: "Cherry Red" });
  await page.getByRole("button", { name: "Save colour" }).click();
  await expect(page.getByRole("region", { name: "Order" })).toContainText("Cherry Red");
  await page.getByLabel(/^Add a note/).fill("Called: wants red after all.");
  await page.getByRole("button", { name: "Add note" }).click();
  await expect(page.getByRole("region", { name: "Notes" })).toContainText("Called: wants red after all.");
});

test("what nobody paid is cancelled; what is paid leads to a refund", async ({ page, shop }) => {
  const email = someone("lead");
  await preorder(page, email);
  await signInAs(page, shop, "support");
  await open(page, email);
  await page.getByText("Cancel …", { exact: true }).click();
  await page.getByRole("button", { name: "Cancel the preorder" }).click();
  await expect(badge(page, "Cancelled")).toBeVisible();
  await page.context().clearCookies();
  await paid(page, shop);
  await page.getByText("More …", { exact: true }).click();
  await page.getByRole("link", { name: "Cancel and refund …" }).click();
  await expect(page.getByRole("heading", { name: "Cancel and refund" })).toBeVisible();
  await expect(page.getByLabel(/^Amount in USD/)).toHaveValue("499.00");
});

for (const colorScheme of ["light", "dark"] as const) {
  test.describe(colorScheme, () => {
    test.use({ colorScheme });

    test("nothing serious on a preorder's page, opened and closed, wide and on the phone", async ({ page, shop }) => {
      await paid(page, shop);
      await clean(page);
      for (const summary of ["Refund …", "Change colour …", "Edit address …"]) {
        await page.getByText(summary, { exact: true }).click();
      }
      await page.locator(".payload > summary").first().click();
      await clean(page);
      await page.setViewportSize({ width: 360, height: 780 });
      await fits(page);
      await clean(page);
    });
  });
}
