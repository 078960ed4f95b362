// The last line of `make test`, in words that a script can read.
import type { Reporter, TestCase, TestResult } from "@playwright/test/reporter";

export default class Summary implements Reporter {
  private outcome = new Map<string, TestResult["status"]>();
  private broken = 0;

  onTestEnd(test: TestCase, result: TestResult) {
    this.outcome.set(test.id, result.status);
  }

  /// A spec that could not be read, say.
  onError() {
    this.broken++;
  }

  async onExit() {
    const all = [...this.outcome.values()];
    const passed = all.filter((status) => status === "passed").length;
    const skipped = all.filter((status) => status === "skipped").length;
    const failed = all.length - passed - skipped + this.broken;
    console.log(`${passed} passed, ${failed} failed${skipped ? `, ${skipped} skipped` : ""}`);
  }
}
