// The room Reconcile, as support on the day that Stripe's events did not come: the difference is found, shown, and
// settled with one press; and clean to axe.
import AxeBuilder from "@axe-core/playwright";
import { expect, test } from "../shop.ts";
import { badge, faults, preorder, signInAs, someone } from "../steps.ts";

test("a payment whose events were lost is settled as Stripe says, with one press", async ({ page, shop, request }) => {
  await faults(request, { webhooks: { lose_rate: 1 } });
  try {
    await preorder(page, someone("lost"));
    const session = new URL(page.url()).pathname.split("/").pop() ?? "";
    // The success page would ask Stripe: this buyer closes the window before it comes.
    const paid = await request.post(`/sandbox/checkout/${session}/pay.json`, { data: { card: "4242424242424242" } });
    expect(paid.ok()).toBe(true);

    await signInAs(page, shop, "support");
    await page.getByRole("navigation", { name: "Rooms" }).getByRole("link", { name: /^Reconcile/ }).click();
    await page.getByLabel("Compare").selectOption("The last hour");
    await page.getByRole("button", { name: "Compare with Stripe" }).click();
    await expect(page.getByRole("status")).toContainText("Stripe is being asked");
    const row = page.locator(".differences tbody tr").filter({ hasText: session }).first();
    await expect(async () => {
      await page.reload();
      await expect(row).toContainText("paid", { timeout: 500 });
    }).toPass();
    await expect(row).toContainText("Different");
    const { violations } = await new AxeBuilder({ page }).analyze();
    expect(violations.filter(({ impact }) => impact === "serious" || impact === "critical")).toEqual([]);

    await row.getByRole("button", { name: new RegExp(`Settle as Stripe says: payment page ${session}`) }).click();
    await expect(page.getByRole("status")).toContainText("Settled as Stripe says");
    await expect(page.getByRole("region", { name: "Settled lately" })).toContainText(session);
    await page.getByRole("region", { name: "Settled lately" }).getByRole("link", { name: /^ROL-/ }).first().click();
    await expect(badge(page, "Paid").first()).toBeVisible();
  } finally {
    await faults(request, { webhooks: { lose_rate: 0 } });
  }
});
