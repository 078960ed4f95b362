// The storefront in Chinese, from the first page to the thank-you.
import { expect, test } from "../shop.ts";
import { onPaymentPage, pay, someone, thanked } from "../steps.ts";

const chinese = /[\u4e00-\u9fff]/;

test("a purchase in Chinese stays in Chinese", async ({ page }) => {
  await page.goto("/zh");
  await expect(page.locator("html")).toHaveAttribute("lang", /^zh/);
  await expect(page.getByRole("heading", { level: 1 })).toHaveText(/\S/);
  await page.waitForLoadState("networkidle");
  await page.getByRole("radio").nth(1).check();
  await page.locator('input[type="email"]').fill(someone());
  const button = page.locator("form").getByRole("button", { name: chinese }).last();
  await button.click();
  await onPaymentPage(page);
  await pay(page);
  await thanked(page);
  await expect(page.locator("html")).toHaveAttribute("lang", /^zh/);
  await expect(page.getByRole("heading", { level: 1 })).toHaveText(chinese);
});

test("no English is left over on the Chinese page", async ({ page }) => {
  await page.goto("/zh");
  const words = await page.locator("main").innerText();
  for (const english of ["Preorder", "charged", "refund", "Questions", "E-mail", "colour"]) {
    expect(words).not.toContain(english);
  }
});

test("each language points to the other", async ({ page }) => {
  await page.goto("/");
  await page.locator('a[hreflang^="zh"]').first().click();
  await expect(page.locator("html")).toHaveAttribute("lang", /^zh/);
  await page.locator('a[hreflang^="en"]').first().click();
  await expect(page.locator("html")).toHaveAttribute("lang", /^en/);
});
