/**
 * Tests that --recompute may be changed when a run is resumed, and that the losses stay the same.
 *
 * @module
 */
import { deepStrictEqual, strictEqual } from "node:assert/strict";
import { eventsOf, runsTo, small, unfiltered, withFolder } from "../program.ts";

Deno.test("a run resumed with another --recompute has the losses of a run with none", async () => {
  await withFolder(async (dir) => {
    const run = (name: string, ...more: string[]) =>
      runsTo(0, [
        ...["fineweb-gpt2", "--out", `${dir}/${name}`, ...small, "--grad-accum", "2", "--device", "cpu"],
        ...unfiltered,
        ...["--schedule-steps", "8", "--eval-every", "0", "--sample-every", "0", ...more],
      ]);
    await run("whole", "--steps", "8");
    await run("changed", "--steps", "3");
    await run("changed", "--steps", "5", "--recompute", "gelu");
    await run("changed", "--steps", "8", "--recompute", "block");
    // Only steps are compared, because each run ends with an additional evaluation.
    const updates = async (name: string) =>
      (await eventsOf(`${dir}/${name}`)).filter((e) => e.type === "step")
        .map((e) => [e.step, e.loss, e.gradNorm, e.lr]);
    const whole = await updates("whole");
    strictEqual(whole.length, 8);
    deepStrictEqual(await updates("changed"), whole);
  });
});
