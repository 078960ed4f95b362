// A bad day of the owner's, from the browser alone and on each database: an order is found by half an address, its
// Klaviyo event has failed and is sent again, a part is refunded, a webhook replayed, the week's sales exported; and
// the audit log says who did it.
import { readFileSync } from "node:fs";
import { admin, expect, test } from "../shop.ts";
import { badge, faults, pay, preorder, received, signIn, someone, thanked } from "../steps.ts";

test.afterEach(({ request }) => faults(request, { klaviyo: { error_rate: 0 } }));

test("the owner finds an order, sees what failed, repairs it, refunds, exports, replays, and reads who did it", async ({ page, request }) => {
  const email = someone("half-an-address");
  // An answer that no repeat makes better: the event is given up at once.
  await faults(request, { klaviyo: { error_rate: 1, error_status: 400 } });
  await preorder(page, email);
  await pay(page);
  const number = await thanked(page);
  await signIn(page);

  await test.step("find an order from half an e-mail address", async () => {
    await page.goto("/admin/preorders");
    const search = page.getByRole("searchbox", { name: "Search preorders" });
    await search.fill(email.slice(5, email.indexOf("@") + 4));
    await search.press("Enter");
    await page.getByRole("link", { name: number }).click();
    await expect(badge(page, "Paid").first()).toBeVisible();
  });

  await test.step("see why its Klaviyo event failed, and retry it", async () => {
    const timeline = page.getByTestId("timeline");
    await expect(async () => {
      await page.reload();
      await expect(timeline.getByText(/Klaviyo answered 400/).first()).toBeVisible({ timeout: 500 });
    }).toPass();
    await faults(request, { klaviyo: { error_rate: 0 } });
    for (let failed = 0; failed < 2; failed++) {
      await page.getByRole("button", { name: /^Retry/ }).first().click();
      await expect(page.getByRole("status")).toContainText("Started again");
    }
    await expect.poll(async () => JSON.stringify((await received(request, email)).klaviyo)).toContain('"status":202');
  });

  await test.step("refund part of the payment", async () => {
    await page.getByText("Refund …", { exact: true }).click();
    await page.getByLabel(/^Amount in USD/).fill("100.00");
    await page.getByRole("button", { name: "Refund", exact: true }).click();
    await expect(async () => {
      await page.reload();
      await expect(badge(page, "Partly refunded").first()).toBeVisible({ timeout: 500 });
    }).toPass();
  });

  await test.step("replay a webhook", async () => {
    await page.goto(`/admin/webhooks?preorder=${number}&event=checkout.session.completed`);
    await page.getByRole("link", { name: "checkout.session.completed" }).click();
    await page.getByRole("button", { name: "Replay" }).click();
    await expect(page.getByRole("status")).toContainText("applied again");
  });

  await test.step("export last week's paid preorders", async () => {
    const day = (ago: number) => new Date(Date.now() - ago * 86_400_000).toISOString().slice(0, 10);
    const paid = ["paid", "partially_refunded"].map((state) => `payment=${state}`).join("&");
    await page.goto(`/admin/preorders?${paid}&paid_from=${day(7)}&paid_to=${day(-1)}`);
    await page.getByText("Export these").click();
    const download = page.waitForEvent("download");
    await page.getByRole("button", { name: "Download CSV" }).click();
    const lines = readFileSync(await (await download).path(), "utf8").trimEnd().split("\r\n");
    expect(lines.filter((line) => line.includes(number))).toHaveLength(1);
    expect(lines.filter((line) => line.includes("unpaid"))).toHaveLength(0);
  });

  await test.step("read in the audit log who did it", async () => {
    await page.goto("/admin/audit");
    const log = page.getByRole("main");
    for (const act of ["retried a delivery", "asked for a refund", "replayed a webhook", "exported preorders"]) {
      // The filter lists the acts as well, out of sight.
      await expect(log.getByText(act).filter({ visible: true }).first(), act).toBeVisible();
    }
    await expect(log.getByText(admin.email).first()).toBeVisible();
  });
});
