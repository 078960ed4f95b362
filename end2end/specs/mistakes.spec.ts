// What is typed wrongly is said at the field, at once, and nothing typed is lost.
import { expect, test } from "../shop.ts";
import { awake, buyButton, onPaymentPage, someone } from "../steps.ts";

test.use({ tolerated: [/422/] });

for (const typed of ["", "not an address", "grace@localhost"]) {
  test(`the address "${typed}" is refused at its field`, async ({ page }) => {
    await page.goto("/");
    await awake(page);
    await page.getByRole("radio", { name: "Cherry Red" }).check();
    const field = page.getByRole("textbox", { name: "E-mail" });
    await field.fill(typed);
    await buyButton(page).click();
    await expect(field).toHaveAttribute("aria-invalid", "true");
    await expect(field).toHaveAccessibleDescription(/\S/);
    await expect(field).toHaveValue(typed);
    await expect(page.getByRole("radio", { name: "Cherry Red" })).toBeChecked();
    expect(new URL(page.url()).pathname).toBe("/");

    await field.fill(someone());
    await buyButton(page).click();
    await onPaymentPage(page);
  });
}

test("the button and the picture follow the chosen colour", async ({ page }) => {
  await page.goto("/");
  await awake(page);
  for (const color of ["Honey Khaki", "Cherry Red", "Sakura Pink"]) {
    await page.getByRole("radio", { name: color }).check();
    await expect(page.getByRole("button", { name: `Preorder in ${color}` })).toBeVisible();
  }
});
