// On a phone: nothing sticks out sideways, and the way to buy stays in reach.
import { expect, test } from "../shop.ts";
import { buyButton, onPaymentPage, pay, someone, thanked } from "../steps.ts";

for (const width of [390, 360]) {
  test.describe(`${width} pixels wide`, () => {
    test.use({ viewport: { width, height: 740 }, hasTouch: true, isMobile: true });

    test("a purchase ends as paid, and no page scrolls sideways", async ({ page }) => {
      const fits = async () =>
        expect(await page.evaluate(() => document.documentElement.scrollWidth), page.url()).toBeLessThanOrEqual(width);
      await page.goto("/");
      await fits();
      await page.getByRole("radio", { name: "Honey Khaki" }).check();
      await page.getByRole("textbox", { name: "E-mail" }).fill(someone());
      await fits();
      await buyButton(page).click();
      await onPaymentPage(page);
      await fits();
      await pay(page);
      await thanked(page);
      await fits();
    });

    test("the button to buy stays at the bottom edge", async ({ page }) => {
      await page.goto("/");
      await expect(buyButton(page)).toBeInViewport();
      await page.evaluate(() => window.scrollTo(0, document.body.scrollHeight / 2));
      await expect(buyButton(page)).toBeInViewport();
    });

    test("fingers can hit what is to be pressed", async ({ page }) => {
      await page.goto("/");
      const box = await buyButton(page).boundingBox();
      expect(box?.height).toBeGreaterThanOrEqual(44);
    });
  });
}
