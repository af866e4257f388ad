/**
 * Tests the V8 flags of `deno task fast`: the CPU engine detects them, and computes the same bits with and
 * without them.
 *
 * @module
 */
import { deepStrictEqual, strictEqual } from "node:assert/strict";
import { hasBoundsChecks } from "../../../../kernels/engine/cpu/tiles.ts";
import { cpuBits } from "./cpu_bits.ts";
import { deno, flags, optimized, root, tasks } from "./fast_flags.ts";

Deno.test("deno task fast is deno task pipeline with V8 flags", () => {
  strictEqual(tasks.fast.command.replace(`${flags} `, ""), tasks.pipeline.command);
});

Deno.test("hasBoundsChecks() is true by default and false under the flags of deno task fast", async () => {
  strictEqual(hasBoundsChecks(), true);
  const tiles = new URL("kernels/engine/cpu/tiles.ts", root);
  const script = `import { hasBoundsChecks } from "${tiles}"; console.log(hasBoundsChecks());`;
  deepStrictEqual(await deno(["eval", flags, script]), { code: 0, out: "false\n", err: "" });
});

Deno.test("every op gives the same bits under the flags of deno task fast as without", async () => {
  const { out } = await deno([
    "run",
    "--quiet",
    "--lock=deno.lock",
    "--frozen",
    "--allow-read",
    optimized,
    "tests/kernels/engine/cpu/cpu_bits.ts",
  ]);
  strictEqual(out, `${await cpuBits()}\n`);
});
