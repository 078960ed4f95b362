// axe finds nothing serious on any page, in either language, in light and in dark.
import AxeBuilder from "@axe-core/playwright";
import type { Page } from "@playwright/test";
import { expect, test } from "../shop.ts";
import { awake, find, pay, preorder, signIn, someone, thanked } from "../steps.ts";

async function clean(page: Page) {
  const { violations } = await new AxeBuilder({ page }).analyze();
  const serious = violations
    .filter(({ impact }) => impact === "serious" || impact === "critical")
    .map(({ id, help, nodes }) => `${id}: ${help}: ${nodes.map((node) => node.html).slice(0, 3).join(" … ")}`);
  expect(serious, page.url()).toEqual([]);
}

for (const colorScheme of ["light", "dark"] as const) {
  test.describe(colorScheme, () => {
    test.use({ colorScheme });

    for (const path of ["/", "/zh", "/order", "/zh/order", "/admin/login", "/sandbox", "/sandbox/inbox", "/sandbox/faults"]) {
      test(`nothing serious on ${path}`, async ({ page }) => {
        await page.goto(path);
        await awake(page);
        await clean(page);
      });
    }

    test("nothing serious on the way to a paid preorder", async ({ page }) => {
      await preorder(page, someone());
      await clean(page);
      await page.getByRole("link", { name: "Back to the shop" }).click();
      await page.waitForURL(/\/preorder\/cancel/);
      await clean(page);
      await preorder(page, someone());
      await pay(page);
      await thanked(page);
      await clean(page);
    });

    test("nothing serious in the admin", async ({ page }) => {
      await preorder(page, someone());
      await pay(page);
      const number = await thanked(page);
      await signIn(page);
      await clean(page);
      await page.goto("/admin/preorders");
      await clean(page);
      await (await find(page, number)).first().click();
      await page.getByTestId("timeline").waitFor();
      await clean(page);
    });
  });
}

test("nothing serious where a mistake is shown", async ({ page }) => {
  await page.goto("/");
  await awake(page);
  await page.getByRole("button", { name: /^Preorder/ }).click();
  await expect(page.getByRole("textbox", { name: "E-mail" })).toHaveAttribute("aria-invalid", "true");
  await clean(page);
});
