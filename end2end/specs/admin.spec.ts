// The admin's door: closed to strangers, open to the owner, and what is found behind it.
import { admin, expect, test } from "../shop.ts";
import { badge, find, preorder, signIn, someone } from "../steps.ts";

test("strangers are sent to the login, and a wrong password does not open it", async ({ page }) => {
  await page.goto("/admin/preorders");
  await expect(page).toHaveURL(/\/admin\/login/);
  await page.getByRole("textbox", { name: "E-mail" }).fill(admin.email);
  await page.getByLabel("Password").fill("wrong");
  await page.getByRole("button", { name: "Sign in" }).click();
  await expect(page.getByRole("alert")).toBeVisible();
  await page.goto("/admin/preorders");
  await expect(page).toHaveURL(/\/admin\/login/);
});

test("a preorder is found by its e-mail, also while it is unpaid", async ({ page }) => {
  const email = someone("lead");
  await preorder(page, email);
  await signIn(page);
  const rows = await find(page, email);
  await expect(rows).toHaveCount(1);
  await rows.first().click();
  await expect(badge(page, "Unpaid")).toBeVisible();
  await expect(page.getByTestId("timeline")).toBeVisible();
});

test("the admin works without JavaScript", async ({ browser, shop }) => {
  const context = await browser.newContext({ javaScriptEnabled: false, baseURL: shop.url });
  const page = await context.newPage();
  await signIn(page);
  await expect(await find(page, "nobody@nowhere.example")).toHaveCount(0);
  await context.close();
});
