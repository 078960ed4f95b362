// What cards and banks do to a payment.
import { expect, test } from "../shop.ts";
import { cards, pay, preorder, someone, state, thanked } from "../steps.ts";

// The hosted page answers a declined card with 402, as Stripe's API does.
test.use({ tolerated: [/402/] });

for (const [why, number] of [["a declined card", cards.declined], ["a card without funds", cards.insufficientFunds]] as const) {
  test(`${why} is said so, and another card pays`, async ({ page }) => {
    await preorder(page, someone());
    await pay(page, number);
    await expect(page.getByRole("alert")).toContainText(number === cards.declined ? /declined/i : /insufficient funds/i);
    await pay(page);
    await thanked(page);
  });
}

test("3-D Secure: refused by the holder it asks again, confirmed it pays", async ({ page }) => {
  await preorder(page, someone());
  await pay(page, cards.asksTheBank);
  await page.getByRole("button", { name: "Fail" }).click();
  await expect(page.getByRole("alert")).toContainText(/authenticat/i);
  await pay(page, cards.asksTheBank);
  await page.getByRole("button", { name: "Complete" }).click();
  await thanked(page);
});

test("a bank debit is pending at first, and paid when the bank says so", async ({ page }) => {
  await preorder(page, someone());
  await page.getByLabel("The bank decides").selectOption("after 5 seconds");
  await page.getByRole("button", { name: "Use bank debit (succeeds)" }).click();
  await thanked(page, "pending");
  await expect(async () => {
    await page.reload();
    await expect(state(page)).toHaveAttribute("data-state", "paid", { timeout: 1_000 });
  }).toPass();
});

test("a bank debit that fails is not called paid, and another way to pay is one button away", async ({ page }) => {
  await preorder(page, someone());
  await page.getByLabel("The bank decides").selectOption("after 5 seconds");
  await page.getByRole("button", { name: "Use bank debit (fails)" }).click();
  await thanked(page, "pending");
  await expect(async () => {
    await page.reload();
    await expect(state(page)).toHaveAttribute("data-state", "failed", { timeout: 1_000 });
  }).toPass();
  await page.getByRole("button", { name: "Go on to payment" }).click();
  await pay(page);
  await thanked(page);
});
