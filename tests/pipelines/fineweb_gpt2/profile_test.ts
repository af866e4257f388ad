/**
 * Tests `--profile` on the command line.
 *
 * @module
 */
import { deepStrictEqual, match, ok, strictEqual } from "node:assert/strict";
import { courseOf, runsTo, small, unfiltered, withFolder } from "../program.ts";

Deno.test("fineweb-gpt2 --profile writes a table and a trace, prints the table, and trains to the same losses", async () => {
  await withFolder(async (dir) => {
    const args = [...small, ...unfiltered, "--steps", "10", "--eval-every", "0", "--sample-every", "0"];
    await runsTo(0, ["fineweb-gpt2", "--out", `${dir}/plain`, ...args]);
    const { out, err } = await runsTo(0, ["fineweb-gpt2", "--out", `${dir}/run`, ...args, "--profile"]);
    deepStrictEqual(await courseOf(`${dir}/run`), await courseOf(`${dir}/plain`));
    match(err, /profile: .*profile\.json, and .*trace\.json for chrome:\/\/tracing/);
    match(out, /Steps 5 to 9 on cpu: WASM.*\nop +calls +ms +share .*\n(.*\n)*matmul +\d+ /);
    const { steps, ops } = JSON.parse(await Deno.readTextFile(`${dir}/run/profile/profile.json`));
    deepStrictEqual(steps, [4, 5, 6, 7, 8]);
    const shares = ops.reduce((sum: number, { share }: { share: number }) => sum + share, 0);
    ok(Math.abs(shares - 1) < 1e-9, `shares add up to ${shares}`);
    const { traceEvents } = JSON.parse(await Deno.readTextFile(`${dir}/run/profile/trace.json`));
    strictEqual(traceEvents[0].args.name, "host");
    // A resumed run does not inherit --profile from the earlier command.
    await runsTo(0, ["fineweb-gpt2", "--out", `${dir}/run`, "--steps", "20", "--quiet"]);
    const again = JSON.parse(await Deno.readTextFile(`${dir}/run/profile/profile.json`));
    deepStrictEqual(again.steps, steps);
  });
});
