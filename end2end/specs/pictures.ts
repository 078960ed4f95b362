// The README's pictures, taken by `make pictures`. Not a test: it only looks.
import { test } from "../shop.ts";
import { awake, find, pay, preorder, signIn, someone, thanked } from "../steps.ts";

const into = (name: string) => ({ path: `pictures/${name}.png` });

test("storefront", async ({ page }) => {
  await page.setViewportSize({ width: 1440, height: 900 });
  await page.goto("/");
  await awake(page);
  await page.screenshot(into("storefront"));
});

test("storefront on a phone", async ({ page }) => {
  await page.setViewportSize({ width: 390, height: 844 });
  await page.goto("/");
  await awake(page);
  await page.screenshot(into("phone"));
});

test("one preorder in the admin", async ({ page }) => {
  await page.setViewportSize({ width: 1440, height: 900 });
  await preorder(page, someone("grace"));
  await pay(page);
  const number = await thanked(page);
  await signIn(page);
  await (await find(page, number)).first().click();
  await page.getByTestId("timeline").waitFor();
  await page.screenshot(into("admin-preorder"));
});

test("the admin's overview", async ({ page, shop }) => {
  await page.setViewportSize({ width: 1440, height: 900 });
  shop.fill(6000);
  await signIn(page);
  await page.goto("/admin?span=30d");
  await page.screenshot(into("admin-overview"));
});
