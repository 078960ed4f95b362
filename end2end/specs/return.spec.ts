// People leave, come back, and press twice. One wish stays one preorder.
import type { Page } from "@playwright/test";
import { expect, test } from "../shop.ts";
import { awake, buyButton, find, onPaymentPage, pay, preorder, signIn, someone, thanked } from "../steps.ts";

test("leaving the payment page loses nothing: one button resumes", async ({ page }) => {
  const email = someone();
  await preorder(page, email, "Honey Khaki");
  await page.getByRole("link", { name: "Back to the shop" }).click();
  await page.waitForURL(/\/preorder\/cancel/);
  await expect(page.getByText("Honey Khaki").first()).toBeVisible();
  await page.getByRole("button", { name: "Go on to payment" }).click();
  await onPaymentPage(page);
  await pay(page);
  const number = await thanked(page);
  await signIn(page);
  await expect(await find(page, email)).toHaveCount(1);
  await expect(page.getByText(number).first()).toBeVisible();
});

test("the back button after the redirect, and pressing again, is the same preorder", async ({ page }) => {
  const email = someone();
  await preorder(page, email);
  await page.goBack();
  await awake(page);
  await expect(buyButton(page)).toBeEnabled();
  await expect(page.getByRole("textbox", { name: "E-mail" })).toHaveValue(email);
  await buyButton(page).click();
  await onPaymentPage(page);
  await pay(page);
  await thanked(page);
  await signIn(page);
  await expect(await find(page, email)).toHaveCount(1);
});

test("going back after paying, and pressing again, leads to the order instead of a second payment", async ({ page }) => {
  const email = someone();
  await preorder(page, email);
  await pay(page);
  const number = await thanked(page);
  await preorderAgain(page, email);
  expect(await thanked(page)).toBe(number);
  await signIn(page);
  await expect(await find(page, email)).toHaveCount(1);
});

async function preorderAgain(page: Page, email: string) {
  await page.goto("/");
  await awake(page);
  await page.getByRole("textbox", { name: "E-mail" }).fill(email);
  await buyButton(page).click();
}

test("a double click makes one preorder", async ({ page }) => {
  const email = someone();
  await page.goto("/");
  await awake(page);
  await page.getByRole("textbox", { name: "E-mail" }).fill(email);
  await buyButton(page).dblclick();
  await onPaymentPage(page);
  await signIn(page);
  await expect(await find(page, email)).toHaveCount(1);
});

test("a payment page that expired can be opened anew, for the same preorder", async ({ page }) => {
  const email = someone();
  await preorder(page, email);
  await page.getByRole("button", { name: "Let it expire" }).click();
  await page.getByRole("link", { name: "Continue to the shop" }).click();
  await page.waitForURL(/\/preorder\/cancel/);
  await page.getByRole("button", { name: "Go on to payment" }).click();
  await pay(page);
  await thanked(page);
  await signIn(page);
  await expect(await find(page, email)).toHaveCount(1);
});
