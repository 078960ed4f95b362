// The rooms Payments and Customers, as those who look after the money: a refused card and its reason, what was paid,
// the tabs, a customer; on the phone too, and clean to axe in light and in dark.
import AxeBuilder from "@axe-core/playwright";
import type { Page } from "@playwright/test";
import { expect, test } from "../shop.ts";
import { badge, cards, pay, preorder, signIn, signInAs, someone, thanked } from "../steps.ts";

// The hosted page answers a declined card with 402, as Stripe's API does.
test.use({ tolerated: [/402/] });

const tabs = ["worklist", "attempts", "refunds", "disputes"] as const;

async function clean(page: Page) {
  const { violations } = await new AxeBuilder({ page }).analyze();
  const serious = violations
    .filter(({ impact }) => impact === "serious" || impact === "critical")
    .map(({ id, help, nodes }) => `${id}: ${help}: ${nodes.map((node) => node.html).slice(0, 3).join(" … ")}`);
  expect(serious, page.url()).toEqual([]);
}

function row(page: Page, text: string) {
  return page.locator(".listing tbody tr").filter({ hasText: text });
}

/// A preorder that was refused once and then paid, and one that was refused and left.
async function twoBuyers(page: Page) {
  const [paid, refused] = [someone("paid"), someone("refused")];
  await preorder(page, paid);
  await pay(page);
  const number = await thanked(page);
  await preorder(page, refused);
  await pay(page, cards.insufficientFunds);
  await expect(page.getByRole("alert")).toContainText(/insufficient funds/i);
  return { paid, refused, number };
}

test("a refusal is found by its reason, and a payment by its card", async ({ page, shop }) => {
  const { number } = await twoBuyers(page);
  await signInAs(page, shop, "support");
  await page.goto("/admin/payments?view=attempts");
  await expect(async () => {
    await page.reload();
    await expect(row(page, number)).toContainText("Visa ···· 4242", { timeout: 500 });
    await expect(row(page, "Insufficient funds").first()).toBeVisible({ timeout: 500 });
  }).toPass();
  await expect(row(page, number)).toContainText("Paid");
  await page.getByRole("region", { name: /Why payments were refused/ }).getByRole("link", { name: /Insufficient funds/ }).click();
  await expect(page).toHaveURL(/reason=insufficient_funds/);
  await expect(row(page, "insufficient_funds").first().locator(".badge")).toContainText("Declined");
  await expect(row(page, number)).toHaveCount(0);
  await page.getByRole("link", { name: "Show all", exact: true }).click();
  await page.getByLabel("Outcome").selectOption("Paid");
  await page.getByRole("button", { name: "Show" }).click();
  await expect(row(page, number)).toBeVisible();
  await expect(row(page, "insufficient_funds")).toHaveCount(0);
  await row(page, number).getByRole("link", { name: number }).click();
  await expect(page).toHaveURL(/\/admin\/preorders\/pre_/);
});

test("the tabs lead to each other, and what is empty says what would be there", async ({ page }) => {
  await signIn(page);
  await page.getByRole("navigation", { name: "Rooms" }).getByRole("link", { name: /^Payments/ }).click();
  for (const tab of tabs) {
    await page.getByRole("navigation", { name: "Payments" }).getByRole("link", { name: new RegExp(tab, "i") }).click();
    await expect(page).toHaveURL(new RegExp(`view=${tab}`));
    await expect(page.getByRole("link", { name: new RegExp(`^${tab}`, "i"), exact: false }).first()).toHaveAttribute("aria-current", "page");
  }
});

test("a customer is found by the beginning of the address, and a viewer does not see it", async ({ page, shop }) => {
  const { paid, number } = await twoBuyers(page);
  await signInAs(page, shop, "viewer");
  await page.goto("/admin/customers");
  await page.getByLabel("E-mail address begins with").fill(paid.split("@")[0] ?? "");
  await page.getByRole("button", { name: "Search" }).click();
  const found = page.locator(".listing tbody a");
  await expect(found).toHaveText("p•••@example.com");
  expect(await page.locator(".listing").innerHTML()).not.toContain(paid);
  await found.click();
  await expect(page.getByRole("heading", { level: 1 })).toHaveText("p•••@example.com");
  await expect(row(page, number)).toBeVisible();
  await expect(badge(page, "Paid")).toBeVisible();
});

test("nothing is wider than a phone", async ({ page, shop }) => {
  await page.setViewportSize({ width: 360, height: 800 });
  const { paid } = await twoBuyers(page);
  await signInAs(page, shop, "support");
  const pages = [...tabs.map((tab) => `/admin/payments?view=${tab}`), "/admin/customers", `/admin/customers?email=${encodeURIComponent(paid)}`];
  for (const path of pages) {
    await page.goto(path);
    const wider = await page.locator("main").evaluate((main) => main.scrollWidth - main.clientWidth);
    expect(wider, path).toBeLessThanOrEqual(0);
  }
});

for (const colorScheme of ["light", "dark"] as const) {
  test.describe(colorScheme, () => {
    test.use({ colorScheme });

    test("nothing serious in the rooms Payments and Customers", async ({ page }) => {
      const { paid } = await twoBuyers(page);
      await signIn(page);
      for (const tab of tabs) {
        await page.goto(`/admin/payments?view=${tab}`);
        await clean(page);
      }
      for (const path of ["/admin/customers", `/admin/customers?email=${encodeURIComponent(paid)}`]) {
        await page.goto(path);
        await clean(page);
      }
    });
  });
}
