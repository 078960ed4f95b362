// The shop sells with JavaScript off, and with WASM blocked.
import { expect, test } from "../shop.ts";
import { buyButton, find, onPaymentPage, pay, signIn, someone, thanked } from "../steps.ts";

test.describe("without JavaScript", () => {
  test.use({ javaScriptEnabled: false });

  test("a purchase ends as paid", async ({ page }) => {
    await page.goto("/");
    await page.getByRole("radio", { name: "Healing Green" }).check();
    await page.getByRole("textbox", { name: "E-mail" }).fill(someone());
    await page.getByRole("button", { name: /^Preorder/ }).click();
    await onPaymentPage(page);
    await pay(page);
    await thanked(page);
  });

  test("the back button, and pressing again, is the same preorder", async ({ page }) => {
    const email = someone();
    for (const step of ["first", "again"]) {
      await page.goto("/");
      await page.getByRole("textbox", { name: "E-mail" }).fill(email);
      await page.getByRole("button", { name: /^Preorder/ }).click();
      await onPaymentPage(page);
      if (step === "first") await page.goBack();
    }
    await signIn(page);
    await expect(await find(page, email)).toHaveCount(1);
  });

  test("a mistake comes back to its field, and what was typed is kept", async ({ page }) => {
    await page.goto("/");
    await page.getByRole("radio", { name: "Healing Green" }).check();
    // The browser's own check lets this pass, ours does not.
    await page.getByRole("textbox", { name: "E-mail" }).fill("grace@localhost");
    await page.getByRole("button", { name: /^Preorder/ }).click();
    const field = page.getByRole("textbox", { name: "E-mail" });
    await expect(field).toHaveValue("grace@localhost");
    await expect(field).toHaveAttribute("aria-invalid", "true");
    await expect(field).toHaveAccessibleDescription(/\S/);
    await expect(page.getByRole("radio", { name: "Healing Green" })).toBeChecked();
    expect(page.url()).not.toContain("grace"); // personal data has no place in an address
  });
});

test.describe("with WASM blocked", () => {
  test.use({ tolerated: [/wasm|WebAssembly|Failed to fetch|ERR_FAILED|ERR_BLOCKED/i] });

  test("a purchase ends as paid", async ({ page }) => {
    await page.route("**/*.wasm*", (route) => route.abort());
    await page.goto("/");
    await page.getByRole("radio", { name: "Moonlight Grey" }).check();
    await page.getByRole("textbox", { name: "E-mail" }).fill(someone());
    await buyButton(page).or(page.getByRole("button", { name: /^Preorder/ })).first().click();
    await onPaymentPage(page);
    await pay(page);
    await thanked(page);
  });
});
