// What cards and banks do to a payment.
import { expect, test } from "../shop.ts";
import { cards, pay, preorder, someone, thanked } from "../steps.ts";

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
  await page.getByRole("button", { name: /^(Fail|Refuse|Decline|Cancel)/i }).click();
  await expect(page.getByRole("alert")).toBeVisible();
  await pay(page, cards.asksTheBank);
  await page.getByRole("button", { name: /^(Complete|Confirm|Authorise|Approve)/i }).click();
  await thanked(page);
});

test("a bank debit is pending at first, and paid when the bank says so", async ({ page }) => {
  await preorder(page, someone());
  await page.getByRole("button", { name: /bank debit.*(pays|succeeds)/i }).click();
  await thanked(page, "pending");
  await thanked(page, "paid");
});

test("a bank debit that fails is not called paid", async ({ page }) => {
  await preorder(page, someone());
  await page.getByRole("button", { name: /bank debit.*fails/i }).click();
  await thanked(page, "failed");
});
