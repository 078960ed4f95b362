// The list of preorders as support works with it: half an address, filters, a view of one's own, a file, the jump box.
import { readFileSync } from "node:fs";
import AxeBuilder from "@axe-core/playwright";
import type { Page } from "@playwright/test";
import { expect, test } from "../shop.ts";
import { find, pay, preorder, signIn, signInAs, someone, thanked } from "../steps.ts";

async function clean(page: Page) {
  const { violations } = await new AxeBuilder({ page }).analyze();
  const serious = violations
    .filter(({ impact }) => impact === "serious" || impact === "critical")
    .map(({ id, help, nodes }) => `${id}: ${help}: ${nodes.map((node) => node.html).slice(0, 3).join(" … ")}`);
  expect(serious, page.url()).toEqual([]);
}

function rows(page: Page) {
  return page.locator('a[href^="/admin/preorders/pre_"]');
}

test("support finds a preorder by half an address and narrows the list", async ({ page, shop }) => {
  const mark = Math.random().toString(36).slice(2, 8);
  const [paid, unpaid] = [`anna.${mark}@example.com`, `otto.${mark}@example.com`];
  await preorder(page, paid, "Cherry Red");
  await pay(page);
  const number = await thanked(page);
  await preorder(page, unpaid);
  await signInAs(page, shop, "support");

  await expect(await find(page, `${mark}@exam`)).toHaveCount(2);
  await page.getByText("Filters", { exact: false }).first().click();
  const panel = page.getByRole("search", { name: "Preorders" });
  await panel.getByRole("checkbox", { name: "Cherry Red" }).check();
  await panel.getByRole("button", { name: "Apply" }).click();
  await expect(rows(page)).toHaveCount(1);
  await expect(rows(page)).toHaveText(number);
  await page.getByRole("link", { name: "Without Cherry Red" }).click();
  await expect(rows(page)).toHaveCount(2);

  await page.getByText("Columns and order").click();
  await panel.getByRole("checkbox", { name: "Country" }).check();
  await panel.getByLabel("Direction").selectOption("asc");
  await panel.getByRole("button", { name: "Show" }).click();
  await expect(page.getByRole("columnheader", { name: "Country" })).toBeVisible();
  await expect(rows(page).first()).toHaveText(number);
});

test("a view is saved, found again as a tab, and deleted", async ({ page, shop }) => {
  await preorder(page, someone());
  await signInAs(page, shop, "support");
  await page.goto("/admin/preorders?color=sakura-pink&payment=unpaid,pending");
  await page.getByText("Save this view").click();
  await page.getByRole("textbox", { name: "Name of the view" }).fill("Pink and waiting");
  await page.getByRole("button", { name: "Save", exact: true }).click();
  await expect(page.getByRole("status").filter({ hasText: "is saved" })).toBeVisible();
  await page.goto("/admin/preorders");
  const views = page.getByRole("navigation", { name: "Views" });
  await views.getByRole("link", { name: "Pink and waiting" }).click();
  await expect(page).toHaveURL(/color=sakura-pink/);
  await expect(views.getByRole("link", { name: "Pink and waiting" })).toHaveAttribute("aria-current", "page");
  await page.getByRole("button", { name: /Delete the view/ }).click();
  await expect(views.getByRole("link", { name: "Pink and waiting" })).toHaveCount(0);
});

test("the file holds the list", async ({ page }) => {
  const email = someone("filed");
  await preorder(page, email);
  await signIn(page);
  await find(page, email);
  await page.getByText("Export these").click();
  await page.getByLabel("Times in").selectOption("Asia/Tokyo");
  const download = page.waitForEvent("download");
  await page.getByRole("button", { name: "Download CSV" }).click();
  const file = await download;
  expect(file.suggestedFilename()).toMatch(/^rolitt-preorders-\d{4}-\d\d-\d\d\.csv$/);
  const lines = readFileSync(await file.path(), "utf8").trimEnd().split("\r\n");
  expect(lines).toHaveLength(2);
  expect(lines[1]).toContain(email);
  expect(lines[1]).toContain("+09:00");
});

test("rows are chosen one by one or all, with and without script", async ({ page, browser, shop }) => {
  await preorder(page, someone());
  await preorder(page, someone());
  await signIn(page);
  await page.goto("/admin/preorders");
  const boxes = page.getByRole("checkbox", { name: /^Choose ROL-/ });
  await boxes.first().check();
  await expect(page.getByText("1 chosen")).toBeVisible();
  await page.getByRole("link", { name: "Choose all on this page" }).click();
  await expect(page.getByText(`${await boxes.count()} chosen`)).toBeVisible();

  const context = await browser.newContext({ javaScriptEnabled: false, baseURL: shop.url });
  const plain = await context.newPage();
  await signIn(plain);
  await plain.goto("/admin/preorders");
  await plain.getByRole("link", { name: "Choose all on this page" }).click();
  await expect(plain.getByRole("checkbox", { name: /^Choose ROL-/ }).first()).toBeChecked();
  await context.close();
});

test("the jump box goes straight to a number, an address and an id", async ({ page }) => {
  const email = someone("jump");
  await preorder(page, email);
  await pay(page);
  const number = await thanked(page);
  await signIn(page);
  const jump = async (words: string) => {
    const box = page.getByRole("searchbox", { name: /^Jump/ });
    await box.fill(words);
    await box.press("Enter");
  };
  await jump(number.slice(4).toLowerCase());
  await expect(page).toHaveURL(/\/admin\/preorders\/pre_/);
  const id = page.url().split("/").pop() ?? "";
  await page.goto("/admin");
  await jump(email);
  await expect(page).toHaveURL(new RegExp(id));
  await jump("half-of-nothing@");
  await expect(page).toHaveURL(/\/admin\/preorders\?q=half/);
});

test("a viewer sees the list, its addresses masked, and is offered no acts", async ({ page, shop }) => {
  const email = someone("masked");
  await preorder(page, email);
  await signInAs(page, shop, "viewer");
  await expect(await find(page, email)).toHaveCount(1);
  await expect(page.getByText("m•••@example.com")).toBeVisible();
  await expect(page.getByRole("cell", { name: email })).toHaveCount(0);
  await expect(page.getByText("With the chosen")).toHaveCount(0);
});

for (const colorScheme of ["light", "dark"] as const) {
  test(`nothing serious in the list, in ${colorScheme}`, async ({ page }) => {
    await page.emulateMedia({ colorScheme });
    await preorder(page, someone());
    await signIn(page);
    for (const size of [{ width: 1440, height: 900 }, { width: 360, height: 740 }]) {
      await page.setViewportSize(size);
      await page.goto("/admin/preorders?color=neon&payment=unpaid,pending&sort=amount");
      for (const opener of await page.locator(".opener > summary").all()) await opener.click();
      await clean(page);
      const wider = await page.locator("main").evaluate((main) => main.scrollWidth > main.clientWidth);
      expect(wider, "the room scrolls sideways").toBe(false);
      await page.goto("/admin/preorders?q=nobody-at-all");
      await clean(page);
    }
  });
}
