// What a buyer and the owner do, in their words, so that specs read as stories.
import { type APIRequestContext, expect, type Page } from "@playwright/test";
import { admin, type Shop, support, viewer } from "./shop.ts";

export const cards = {
  pays: "4242 4242 4242 4242",
  declined: "4000 0000 0000 0002",
  insufficientFunds: "4000 0000 0000 9995",
  asksTheBank: "4000 0025 0000 3155",
};

/// An address that no other test uses.
export function someone(name = "buyer"): string {
  return `${name}-${Date.now().toString(36)}-${Math.random().toString(36).slice(2, 8)}@example.com`;
}

/// Until the islands answer: before that a click is a plain form post, which other specs look at.
export async function awake(page: Page) {
  await page.waitForLoadState("networkidle");
}

/// Fills the storefront's form and presses its button; ends on the payment page.
export async function preorder(page: Page, email: string, color = "Sakura Pink") {
  await page.goto("/");
  await awake(page);
  await page.getByRole("radio", { name: color }).check();
  await page.getByRole("textbox", { name: "E-mail" }).fill(email);
  await buyButton(page).click();
  await onPaymentPage(page);
}

export function buyButton(page: Page) {
  return page.getByRole("button", { name: /^Preorder in / });
}

export async function onPaymentPage(page: Page) {
  await page.waitForURL(/\/sandbox\/checkout\//);
}

export async function typeCard(page: Page, number: string) {
  await page.getByLabel("Card number").fill(number);
  await page.getByLabel("Expiry").fill("12 / 34");
  await page.getByLabel("CVC").fill("123");
  await page.getByLabel("Name on card").fill("Grace Hopper");
}

export async function pay(page: Page, number = cards.pays) {
  await typeCard(page, number);
  await page.getByRole("button", { name: /^Pay\b/ }).click();
}

export function state(page: Page) {
  return page.getByTestId("order-state");
}

/// The success page says so; gives the preorder's number.
export async function thanked(page: Page, expected = "paid"): Promise<string> {
  await page.waitForURL(/\/preorder\/success/);
  await expect(state(page)).toHaveAttribute("data-state", expected);
  const number = (await page.getByTestId("order-number").innerText()).trim();
  expect(number).toMatch(/^ROL-[2-9A-HJKMNP-TV-Z]{8}$/);
  return number;
}

export async function signIn(page: Page, who = admin) {
  await page.goto("/admin/login");
  await page.getByRole("textbox", { name: "E-mail" }).fill(who.email);
  await page.getByLabel("Password").fill(who.password);
  await page.getByRole("button", { name: "Sign in" }).click();
  await page.waitForURL((url) => url.pathname.startsWith("/admin") && !url.pathname.startsWith("/admin/login"));
}

/// As a colleague of this role, who is hired if need be.
export async function signInAs(page: Page, shop: Shop, role: "viewer" | "support") {
  const who = { viewer, support }[role];
  shop.hire(who.email, role);
  await signIn(page, who);
}

/// Preorders the list shows for a search.
export async function find(page: Page, words: string) {
  await page.goto("/admin/preorders");
  const search = page.getByRole("searchbox", { name: "Search preorders" });
  await search.fill(words);
  await search.press("Enter");
  await page.waitForURL(/[?&]q=/);
  return page.locator('a[href^="/admin/preorders/pre_"]');
}

interface Inbox {
  klaviyo: unknown[];
  firebase: unknown[];
}
/// What Klaviyo and Firebase received that names this address.
export async function received(request: APIRequestContext, email: string): Promise<Inbox> {
  const inbox: Inbox = await (await request.get("/sandbox/inbox.json")).json();
  const about = (list: unknown[]) => list.filter((entry) => JSON.stringify(entry).includes(email));
  return { klaviyo: about(inbox.klaviyo), firebase: about(inbox.firebase) };
}

export async function faults(request: APIRequestContext, settings: object) {
  const answer = await request.put("/sandbox/faults.json", { data: settings });
  expect(answer.ok(), await answer.text()).toBeTruthy();
}

/// A badge is a sign and a word.
export function badge(page: Page, word: string) {
  return page.locator(".badge").filter({ hasText: new RegExp(`\\s${word}$`) });
}
