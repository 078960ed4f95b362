// The payment provider is down: the buyer is told what happened and what was kept, and can go on when it is back.
import { expect, test } from "../shop.ts";
import { awake, buyButton, faults, find, onPaymentPage, pay, signIn, someone, thanked } from "../steps.ts";

test.use({ tolerated: [/503|502|504/] });

test.afterEach(async ({ request }) => faults(request, { stripe: { error_rate: 0, error_status: 500 } }));

for (const script of [true, false]) {
  test.describe(script ? "with script" : "without script", () => {
    test.use({ javaScriptEnabled: script });

    test("a payment that can't be begun keeps the preorder, and a second try pays", async ({ page, request }) => {
      const email = someone();
      await faults(request, { stripe: { error_rate: 1, error_status: 503 } });
      await page.goto("/");
      if (script) await awake(page);
      await page.getByRole("textbox", { name: "E-mail" }).fill(email);
      await page.getByRole("button", { name: /^Preorder/ }).click();
      const notice = page.getByTestId("payment-error");
      await expect(notice).toBeVisible({ timeout: 30_000 });
      await expect(notice).toHaveAttribute("data-failure", /\S/);
      await expect(notice).not.toContainText(/sqlx|reqwest|panick|stack|sk_/i);

      await faults(request, { stripe: { error_rate: 0 } });
      // Whoever presses at once may hear once more that Stripe is left alone: one buyer a second asks whether it is back.
      const again = notice.getByRole("button").or(notice.getByRole("link", { name: /again/i })).first();
      await expect(async () => {
        if (page.url().endsWith("/")) await again.click({ timeout: 2_000 });
        await page.waitForURL(/\/sandbox\/checkout\//, { timeout: 5_000 });
      }).toPass();
      await pay(page);
      await thanked(page);
      await page.context().clearCookies();
    });
  });
}

test("Klaviyo and Firebase down never stand between the buyer and the payment", async ({ page, request }) => {
  await faults(request, { klaviyo: { error_rate: 1 }, firebase: { error_rate: 1 } });
  const email = someone();
  await page.goto("/");
  await awake(page);
  await page.getByRole("textbox", { name: "E-mail" }).fill(email);
  await buyButton(page).click();
  await onPaymentPage(page);
  await pay(page);
  const number = await thanked(page);
  await faults(request, { klaviyo: { error_rate: 0 }, firebase: { error_rate: 0 } });
  await signIn(page);
  await expect(await find(page, number)).toHaveCount(1);
});
