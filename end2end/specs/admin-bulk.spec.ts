// Many preorders at once: a file of tracking numbers, looked at before anything is done.
import AxeBuilder from "@axe-core/playwright";
import type { Page } from "@playwright/test";
import { expect, test } from "../shop.ts";
import { pay, preorder, signInAs, someone, thanked } from "../steps.ts";

async function clean(page: Page) {
  const { violations } = await new AxeBuilder({ page }).analyze();
  const serious = violations
    .filter(({ impact }) => impact === "serious" || impact === "critical")
    .map(({ id, help, nodes }) => `${id}: ${help}: ${nodes.map((node) => node.html).slice(0, 3).join(" … ")}`);
  expect(serious, page.url()).toEqual([]);
}

async function paidNumber(page: Page) {
  await preorder(page, someone());
  await pay(page);
  return thanked(page);
}

test("a CSV is uploaded without script, looked at, and done", async ({ browser, page, shop }) => {
  const number = await paidNumber(page);
  const context = await browser.newContext({ javaScriptEnabled: false, baseURL: shop.url });
  const plain = await context.newPage();
  await signInAs(plain, shop, "support");
  await plain.goto("/admin/preorders/fulfil");
  const csv = `number;tracking\n${number};1Z999AA10123456784\nROL-22222222;1Z2\n`;
  await plain.getByLabel("A CSV file").setInputFiles({ name: "out.csv", mimeType: "text/csv", buffer: Buffer.from(csv) });
  await plain.getByRole("button", { name: "Preview" }).click();
  await expect(plain.getByText("1 ready, 1 left out")).toBeVisible();
  await expect(plain.getByRole("table", { name: /Left out/ })).toContainText("No preorder has this number");
  await plain.getByRole("button", { name: "Mark 1 fulfilled" }).click();
  await expect(plain.getByRole("status")).toContainText("1 marked fulfilled.");
  await expect(plain.getByRole("table", { name: /Done already/ })).toContainText(number);
  await context.close();
});

for (const colorScheme of ["light", "dark"] as const) {
  test.describe(colorScheme, () => {
    test.use({ colorScheme });

    test("nothing serious on the way through a list, wide and on the phone", async ({ page, shop }) => {
      const number = await paidNumber(page);
      await signInAs(page, shop, "support");
      await page.goto("/admin/preorders/fulfil");
      await clean(page);
      await page.getByRole("button", { name: "Preview" }).click();
      await expect(page.getByLabel("Or paste the lines")).toHaveAttribute("aria-invalid", "true");
      await clean(page);
      await page.getByLabel("Or paste the lines").fill(`${number}, 1Z1\nnonsense, 1Z2`);
      await page.getByRole("button", { name: "Preview" }).click();
      await expect(page.getByText("1 ready, 1 left out")).toBeVisible();
      await clean(page);
      await page.setViewportSize({ width: 360, height: 780 });
      const wider = await page.locator("main").evaluate((main) => main.scrollWidth - main.clientWidth);
      expect(wider, "the page scrolls sideways").toBe(0);
      await clean(page);
    });
  });
}
