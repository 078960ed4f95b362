// From the top of the page to the payment without a mouse.
import { type Page } from "@playwright/test";
import { expect, test } from "../shop.ts";
import { awake, onPaymentPage, someone } from "../steps.ts";

/// Tabs on until `wanted` says that the focus is where it should be.
async function tabTo(page: Page, wanted: (element: Element) => boolean) {
  for (let presses = 0; presses < 40; presses++) {
    await page.keyboard.press("Tab");
    const focus = await page.evaluateHandle(() => document.activeElement);
    const seen = await focus.evaluate((element) => {
      const style = element && getComputedStyle(element);
      const box = element?.getBoundingClientRect();
      return !!style && !!box && (box.width > 0 || style.outlineStyle !== "none");
    });
    expect(seen, "the focus can be seen").toBe(true);
    if (await focus.evaluate(wanted as (element: Element | null) => boolean)) return;
  }
  throw new Error("the focus never got there");
}

test("tab, arrows and enter lead from the top to the payment page", async ({ page }) => {
  await page.goto("/");
  await awake(page);
  await tabTo(page, (element) => element.matches('input[type="radio"]'));
  const before = await page.getByRole("radio", { checked: true }).getAttribute("value");
  await page.keyboard.press("ArrowRight");
  const after = await page.getByRole("radio", { checked: true }).getAttribute("value");
  expect(after).not.toBe(before);
  await tabTo(page, (element) => element.matches('input[type="email"]'));
  await page.keyboard.type(someone());
  await tabTo(page, (element) => element.matches('button:not([type="button"])') && /^Preorder/.test(element.textContent ?? ""));
  await page.keyboard.press("Enter");
  await onPaymentPage(page);
});

test("enter in the e-mail field sends the form", async ({ page }) => {
  await page.goto("/");
  await awake(page);
  await page.getByRole("textbox", { name: "E-mail" }).fill(someone());
  await page.keyboard.press("Enter");
  await onPaymentPage(page);
});
