// Hands on the keyboard, the rooms on a phone, and all of it without script.
import { expect, test } from "../shop.ts";
import { signIn } from "../steps.ts";

test("a slash searches, g and a letter goes to a room, a question mark lists them", async ({ page }) => {
  await signIn(page);
  await page.keyboard.press("/");
  const box = page.getByRole("searchbox");
  await expect(box).toBeFocused();
  // What is typed into a field is text.
  await page.keyboard.type("g?/h");
  await expect(box).toHaveValue("g?/h");
  await expect(page.getByRole("dialog")).toHaveCount(0);
  await box.fill("");
  await box.blur();
  await page.keyboard.press("?");
  const list = page.getByRole("dialog", { name: "Keyboard" });
  await expect(list).toBeVisible();
  await expect(list).toContainText("Background");
  await page.keyboard.press("Escape");
  await expect(list).toBeHidden();
  await page.keyboard.press("Control+g");
  await page.keyboard.press("h");
  await expect(page).toHaveURL(/\/admin$/);
  await page.keyboard.press("g");
  await page.keyboard.press("h");
  await expect(page).toHaveURL(/\/admin\/health$/);
  await page.keyboard.press("g");
  await page.keyboard.press("p");
  await expect(page).toHaveURL(/\/admin\/preorders$/);
  await page.keyboard.press("g");
  await page.keyboard.press("o");
  await expect(page).toHaveURL(/\/admin$/);
});

test("the keyboard's list is behind a link, with script and without", async ({ page, browser, shop }) => {
  await signIn(page);
  await page.getByRole("link", { name: /^Keyboard/ }).click();
  await expect(page.getByRole("dialog", { name: "Keyboard" })).toBeVisible();
  await page.getByRole("button", { name: "Close" }).click();
  await expect(page.getByRole("dialog")).toHaveCount(0);
  const context = await browser.newContext({ javaScriptEnabled: false, baseURL: shop.url });
  const plain = await context.newPage();
  await signIn(plain);
  await plain.getByRole("link", { name: /^Keyboard/ }).click();
  await expect(plain).toHaveURL(/\/admin\/health#keys$/);
  await expect(plain.getByRole("region", { name: "Keyboard" })).toContainText("Preorders");
  await context.close();
});

test("a copy button is there with script alone, copies, and says so", async ({ page, context }) => {
  await context.grantPermissions(["clipboard-read", "clipboard-write"]);
  await signIn(page);
  await page.evaluate(() => {
    const button = document.createElement("button");
    button.dataset.copy = "ROL-7KQ2M9XA";
    button.textContent = "Copy";
    document.querySelector("h1")?.after(button);
  });
  await page.getByRole("button", { name: "Copy" }).click();
  await expect(page.locator("#said")).toHaveText("Copied");
  expect(await page.evaluate(() => navigator.clipboard.readText())).toBe("ROL-7KQ2M9XA");
  await page.evaluate(() => document.documentElement.classList.remove("scripted"));
  await expect(page.getByRole("button", { name: "Copy" })).toBeHidden();
});

test.describe("on a phone", () => {
  test.use({ viewport: { width: 360, height: 740 }, hasTouch: true });

  test("nine rooms are behind one button, also without script", async ({ browser, shop }) => {
    for (const javaScriptEnabled of [true, false]) {
      const context = await browser.newContext({
        javaScriptEnabled,
        baseURL: shop.url,
        viewport: { width: 360, height: 740 },
      });
      const page = await context.newPage();
      await signIn(page);
      const rooms = page.getByRole("navigation", { name: "Rooms" });
      await expect(rooms).toBeHidden();
      await page.getByRole("button", { name: /Rooms/ }).click();
      await expect(rooms.getByRole("link")).toHaveCount(10);
      for (const link of await rooms.getByRole("link").all()) {
        expect((await link.boundingBox())?.height).toBeGreaterThanOrEqual(44);
      }
      await rooms.getByRole("link", { name: "Health" }).click();
      await expect(page).toHaveURL(/\/admin\/health$/);
      await context.close();
    }
  });
});
