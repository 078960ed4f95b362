// The first visit costs at most 100 KB over the wire, and a second one next to nothing.
import { expect, test } from "../shop.ts";
import { awake } from "../steps.ts";

const budget = 100 * 1024;
const counted = new Set(["Document", "Stylesheet", "Script", "Fetch", "WebAssembly", "Wasm", "Other"]);

test("HTML, styles, script and WASM fit the budget as sent", async ({ page }) => {
  const wire = await page.context().newCDPSession(page);
  await wire.send("Network.enable");
  const sent = new Map<string, { url: string; type: string; bytes: number; encoding: string }>();
  wire.on("Network.responseReceived", ({ requestId, type, response }) =>
    sent.set(requestId, { url: response.url, type, bytes: 0, encoding: response.headers["content-encoding"] ?? "" }));
  wire.on("Network.loadingFinished", ({ requestId, encodedDataLength }) => {
    const file = sent.get(requestId);
    if (file) file.bytes = encodedDataLength;
  });
  await page.goto("/");
  await awake(page);

  const files = [...sent.values()].filter(({ type, bytes }) => counted.has(type) && bytes > 0);
  const total = files.reduce((sum, { bytes }) => sum + bytes, 0);
  const table = files.map(({ url, type, bytes, encoding }) => `${bytes} ${type} ${encoding} ${new URL(url).pathname}`).join("\n");
  test.info().annotations.push({ type: "first load", description: `${total} bytes` });
  expect(files.some(({ url }) => url.includes(".wasm")), `WASM was loaded:\n${table}`).toBe(true);
  expect(total, table).toBeLessThanOrEqual(budget);
});

test("what has a hash in its name is kept for ever", async ({ page }) => {
  const headers = new Map<string, string>();
  page.on("response", (answer) => headers.set(new URL(answer.url()).pathname, answer.headers()["cache-control"] ?? ""));
  await page.goto("/");
  await awake(page);
  const assets = [...headers].filter(([path]) => path.startsWith("/pkg/"));
  expect(assets.length).toBeGreaterThanOrEqual(3);
  for (const [path, kept] of assets) expect(kept, path).toContain("immutable");
});
