// The whole promise, once on each database: a purchase in the shop, "paid" in the admin, word to Klaviyo and Firebase.
import { expect, test } from "../shop.ts";
import { badge, find, pay, preorder, received, signIn, someone, thanked } from "../steps.ts";

test("a purchase ends as completed and paid, and everyone who should know does", async ({ page, request }) => {
  const email = someone("grace");
  await preorder(page, email, "Cherry Red");
  await pay(page);
  const number = await thanked(page);
  await expect(page.getByText("Cherry Red").first()).toBeVisible();

  await expect(async () => {
    const { klaviyo, firebase } = await received(request, email);
    const events = klaviyo.map((event) => JSON.stringify(event));
    expect(events.filter((event) => event.includes("Preorder Started"))).toHaveLength(1);
    expect(events.filter((event) => event.includes("Preorder Success"))).toHaveLength(1);
    expect(events.every((event) => event.includes(number))).toBe(true);
    expect(firebase.length).toBeGreaterThan(0);
  }).toPass();

  await signIn(page);
  const rows = await find(page, number);
  await expect(rows).toHaveCount(1);
  await rows.first().click();
  await expect(page.getByRole("heading", { level: 1 })).toHaveText(number);
  await expect(page.locator("main")).toContainText(email);
  await expect(badge(page, "Paid").first()).toBeVisible();
  await expect(page.getByText("Completed", { exact: true })).toBeVisible();
  const timeline = page.getByTestId("timeline");
  await expect(timeline).toContainText("checkout.session.completed");
  await expect(timeline).toContainText(/klaviyo/i);
});
