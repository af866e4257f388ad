/**
 * Tests that the peak of the WASM matrix kernel is measured. Its value is not checked.
 *
 * @module
 */
import { ok } from "node:assert/strict";
import { openPeak } from "../../bench/wasm_peak.ts";

Deno.test("openPeak() compiles its kernel and measures it on two threads", async () => {
  using peak = await openPeak(2);
  ok(await peak.measure() > 0);
});
