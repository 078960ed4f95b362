// People: an owner invites a colleague, who makes an account, turns codes on, locks themselves out and is disabled; and
// the audit log that tells all of it.
import { createHmac } from "node:crypto";
import AxeBuilder from "@axe-core/playwright";
import type { Browser, Page } from "@playwright/test";
import { admin, expect, type Shop, test } from "../shop.ts";
import { signIn, signInAs, someone } from "../steps.ts";

const password = "four words in a row";

async function clean(page: Page) {
  const { violations } = await new AxeBuilder({ page }).analyze();
  const serious = violations
    .filter(({ impact }) => impact === "serious" || impact === "critical")
    .map(({ id, help, nodes }) => `${id}: ${help}: ${nodes.map((node) => node.html).slice(0, 3).join(" … ")}`);
  expect(serious, page.url()).toEqual([]);
}

/// What a phone's app shows (RFC 6238), `later` steps from now.
function codeOf(secret: string, later = 0): string {
  const alphabet = "ABCDEFGHIJKLMNOPQRSTUVWXYZ234567";
  const bits = [...secret.replace(/\s/g, "")].map((c) => alphabet.indexOf(c).toString(2).padStart(5, "0")).join("");
  const key = Buffer.from((bits.match(/.{8}/g) ?? []).map((byte) => Number.parseInt(byte, 2)));
  const step = Buffer.alloc(8);
  step.writeBigUInt64BE(BigInt(Math.floor(Date.now() / 30_000) + later));
  const digest = createHmac("sha1", key).update(step).digest();
  const number = digest.readUInt32BE((digest[19] ?? 0) & 15) & 0x7fffffff;
  return String(number % 1_000_000).padStart(6, "0");
}

async function invite(page: Page, email: string, role: string): Promise<string> {
  await page.goto("/admin/people");
  const card = page.getByRole("region", { name: "Invite somebody" });
  await card.getByLabel("E-mail").fill(email);
  await card.getByLabel("Role").selectOption({ label: role });
  await card.getByRole("button", { name: "Make the link" }).click();
  await expect(page.getByRole("status")).toContainText(`${email} is invited`);
  return page.getByRole("region", { name: `Link for ${email}` }).getByRole("textbox").inputValue();
}

/// A colleague in a browser of their own, with the account that the link makes.
async function accept(browser: Browser, shop: Shop, link: string): Promise<Page> {
  const context = await browser.newContext({ baseURL: shop.url });
  const page = await context.newPage();
  await page.goto(link);
  await page.getByLabel("Choose a password").fill(password);
  await page.getByRole("button", { name: "Make my account" }).click();
  await expect(page).toHaveURL(/\/admin$/);
  return page;
}

function row(page: Page, email: string) {
  return page.getByTestId("person").filter({ hasText: email });
}

test("a colleague is invited, accepts in a browser of their own, and is disabled while signed in", async ({ page, browser, shop }) => {
  const email = someone("sam");
  await signIn(page);
  const link = await invite(page, email, "Support");
  await page.reload();
  await expect(page.getByRole("region", { name: `Link for ${email}` })).toHaveCount(0);
  await expect(page.getByTestId("invitation").filter({ hasText: email })).toBeVisible();

  const sam = await accept(browser, shop, link);
  await expect(sam.getByRole("status")).toContainText("you are signed in");
  await expect(sam.getByRole("navigation", { name: "Rooms" }).getByRole("link", { name: "People" })).toHaveCount(0);

  await page.reload();
  await row(page, email).locator("summary").click();
  await row(page, email).getByLabel("Role").selectOption({ label: "Viewer" });
  await row(page, email).getByRole("button", { name: "Change role" }).click();
  await expect(page.getByRole("status")).toContainText("now has the role Viewer");
  await row(page, email).locator("summary").click();
  await row(page, email).getByRole("button", { name: "Disable" }).click();
  await expect(row(page, email)).toContainText("Disabled");

  await sam.goto("/admin/preorders");
  await expect(sam).toHaveURL(/\/admin\/login/);
  await sam.getByRole("textbox", { name: "E-mail" }).fill(email);
  await sam.getByLabel("Password").fill(password);
  await sam.getByRole("button", { name: "Sign in" }).click();
  await expect(sam.getByRole("alert")).toContainText("do not match");
  await sam.context().close();

  await page.goto(`/admin/audit?about=${encodeURIComponent(email)}`);
  for (const told of ["invited somebody", "changed a role", "disabled somebody"]) {
    await expect(page.getByTestId("act").filter({ hasText: told })).toHaveCount(1);
  }
});

test("an invitation is withdrawn, and a password too short is told at its field", async ({ page, browser, shop }) => {
  const email = someone("vera");
  await signIn(page);
  const link = await invite(page, email, "Viewer");
  const context = await browser.newContext({ baseURL: shop.url, javaScriptEnabled: false });
  const vera = await context.newPage();
  await vera.goto(link);
  await vera.getByLabel("Choose a password").fill("short");
  await vera.getByRole("button", { name: "Make my account" }).click();
  await expect(vera.getByLabel("Choose a password")).toHaveAttribute("aria-invalid", "true");
  await expect(vera.getByText("Use 10 characters or more.")).toBeVisible();
  await page.getByTestId("invitation").filter({ hasText: email }).getByRole("button").click();
  await expect(page.getByRole("status")).toContainText("withdrawn");
  await vera.goto(link);
  await expect(vera.getByRole("heading", { name: "This invitation does not open" })).toBeVisible();
  await context.close();
});

test("codes are turned on, asked for at sign-in, and replaced by a recovery code", async ({ page, browser, shop }) => {
  const email = someone("tess");
  await signIn(page);
  const tess = await accept(browser, shop, await invite(page, email, "Support"));
  await tess.goto("/admin/account");
  await tess.getByRole("button", { name: "Turn codes on" }).click();
  await expect(tess.getByRole("img", { name: "QR code for your app" })).toBeVisible();
  const secret = await tess.getByTestId("totp-secret").innerText();
  await clean(tess);
  await tess.getByLabel("Type the code that it shows").fill("000000");
  await tess.getByRole("button", { name: "Confirm" }).click();
  await expect(tess.getByLabel("Type the code that it shows")).toHaveAttribute("aria-invalid", "true");
  await tess.getByLabel("Type the code that it shows").fill(codeOf(secret));
  await tess.getByRole("button", { name: "Confirm" }).click();
  const codes = tess.getByTestId("recovery-codes").getByRole("listitem");
  await expect(codes).toHaveCount(10);
  const recovery = await codes.first().innerText();
  await clean(tess);
  await tess.reload();
  await expect(codes).toHaveCount(0);
  await tess.getByRole("button", { name: "Sign out", exact: true }).click();

  const who = { email, password };
  const signInHalfWay = async () => {
    await tess.goto("/admin/login?next=/admin/preorders");
    await tess.getByRole("textbox", { name: "E-mail" }).fill(who.email);
    await tess.getByLabel("Password").fill(who.password);
    await tess.getByRole("button", { name: "Sign in" }).click();
    await expect(tess.getByRole("heading", { name: "Enter your code" })).toBeVisible();
  };
  await signInHalfWay();
  await clean(tess);
  await tess.goto("/admin/preorders");
  await expect(tess).toHaveURL(/\/admin\/login/);
  await signInHalfWay();
  await tess.getByLabel("Code").fill("000000");
  await tess.getByRole("button", { name: "Sign in" }).click();
  await expect(tess.getByRole("alert")).toContainText("wrong");
  // The code of this step was used to confirm.
  await tess.getByLabel("Code").fill(codeOf(secret, 1));
  await tess.getByRole("button", { name: "Sign in" }).click();
  await expect(tess).toHaveURL(/\/admin\/preorders$/);
  await tess.getByRole("button", { name: "Sign out", exact: true }).click();
  await signInHalfWay();
  await tess.getByLabel("Code").fill(recovery.toUpperCase());
  await tess.getByRole("button", { name: "Sign in" }).click();
  await expect(tess).toHaveURL(/\/admin\/preorders$/);
  await tess.goto("/admin/account");
  await expect(tess.getByText("9 recovery codes are left")).toBeVisible();
  await tess.context().close();

  await page.goto("/admin/people");
  await row(page, email).locator("summary").click();
  await row(page, email).getByRole("button", { name: "Turn codes off" }).click();
  await expect(row(page, email)).toContainText("Codes off");
});

test("five wrong passwords lock the door for a minute, for a stranger too", async ({ page, shop }) => {
  const email = someone("lea");
  shop.hire(email, "viewer");
  for (const who of [email, someone("nobody")]) {
    await page.goto("/admin/login");
    for (let n = 0; n < 6; n++) {
      await page.getByRole("textbox", { name: "E-mail" }).fill(who);
      await page.getByLabel("Password").fill("wrong");
      await page.getByRole("button", { name: "Sign in" }).click();
      await expect(page.getByRole("alert")).toBeVisible();
    }
    await expect(page.getByRole("alert")).toHaveText("Too many attempts. Try again in 1 minute.");
  }
  await page.getByRole("textbox", { name: "E-mail" }).fill(email);
  await page.getByLabel("Password").fill(admin.password);
  await page.getByRole("button", { name: "Sign in" }).click();
  await expect(page.getByRole("alert")).toContainText("Too many attempts");
});

test("a password is changed and a session elsewhere is ended", async ({ page, browser, shop }) => {
  const email = someone("kim");
  await signIn(page);
  const kim = await accept(browser, shop, await invite(page, email, "Viewer"));
  const phone = await (await browser.newContext({ baseURL: shop.url })).newPage();
  await signIn(phone, { email, password });
  await kim.goto("/admin/account");
  await expect(kim.getByTestId("session")).toHaveCount(2);
  await expect(kim.getByTestId("session").filter({ hasText: "This one" })).toContainText("Chrome on");
  await kim.getByTestId("session").filter({ hasNotText: "This one" }).getByRole("button").click();
  await expect(kim.getByRole("status")).toHaveText("The session is ended.");
  await phone.goto("/admin");
  await expect(phone).toHaveURL(/\/admin\/login/);
  await kim.getByLabel("Present password").fill("not it");
  await kim.getByLabel("New password").fill("another four words");
  await kim.getByRole("button", { name: "Change password" }).click();
  await expect(kim.getByLabel("Present password")).toHaveAttribute("aria-invalid", "true");
  await kim.getByLabel("Present password").fill(password);
  await kim.getByLabel("New password").fill("another four words");
  await kim.getByRole("button", { name: "Change password" }).click();
  await expect(kim.getByRole("status")).toContainText("Your password is changed");
  await signIn(phone, { email, password: "another four words" });
  await phone.context().close();
  await kim.context().close();
});

test("refund limits keep what was typed and say what is wrong with it", async ({ page }) => {
  await signIn(page);
  await page.goto("/admin/people");
  const card = page.getByRole("region", { name: "Refund limits" });
  await card.getByLabel("JPY").fill("150.50");
  await card.getByLabel("USD").fill("120");
  await card.getByRole("button", { name: "Save limits" }).click();
  await expect(card.getByLabel("JPY")).toHaveAttribute("aria-invalid", "true");
  await expect(card.getByLabel("USD")).toHaveValue("120");
  await card.getByLabel("JPY").fill("15000");
  await card.getByRole("button", { name: "Save limits" }).click();
  await expect(page.getByRole("status")).toContainText("$120.00");
  await expect(card.getByLabel("USD")).toHaveValue("120.00");
  await page.goto("/admin/audit?action=settings_changed");
  await page.getByText("Details").first().click();
  await expect(page.getByText('"to": "$120.00"')).toBeVisible();
});

test("the audit log is filtered by its form, and a viewer reads it", async ({ page, shop }) => {
  await signInAs(page, shop, "viewer");
  await page.goto("/admin/audit");
  await page.getByLabel("Act", { exact: true }).selectOption({ label: "signed in" });
  await page.getByLabel("Person").fill("vera@rolitt.test");
  await page.getByRole("button", { name: "Filter" }).click();
  await expect(page).toHaveURL(/action=logged_in/);
  await expect(page.getByTestId("act").first()).toContainText("vera@rolitt.test signed in");
  await page.getByLabel("From").fill("2999-01-01");
  await page.getByRole("button", { name: "Filter" }).click();
  await expect(page.getByText("No act matches.")).toBeVisible();
  await page.getByRole("link", { name: "Show all acts" }).click();
  await expect(page.getByTestId("act").first()).toBeVisible();
});

for (const colorScheme of ["light", "dark"] as const) {
  test.describe(colorScheme, () => {
    test.use({ colorScheme });
    test("nothing serious on the pages about people, and none is wider than a phone", async ({ page, shop, browser }) => {
      await signInAs(page, shop, "support");
      await page.goto("/admin/account");
      await clean(page);
      await signIn(page);
      const link = await invite(page, someone("axe"), "Viewer");
      await page.getByTestId("person").locator("summary").first().click();
      await clean(page);
      for (const width of [360, 1440]) {
        await page.setViewportSize({ width, height: 900 });
        for (const path of ["/admin/people", "/admin/account", "/admin/audit"]) {
          await page.goto(path);
          const wider = await page.locator("main").evaluate((main) => main.scrollWidth > main.clientWidth);
          expect(wider, `${path} at ${width}`).toBe(false);
          await clean(page);
        }
      }
      const stranger = await (await browser.newContext({ colorScheme })).newPage();
      await stranger.goto(link);
      await clean(stranger);
      await stranger.context().close();
    });
  });
}
