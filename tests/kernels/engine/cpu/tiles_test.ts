/**
 * Tests the V8 flags of `deno task fast`: the CPU engine detects them, passes its tests under them, and
 * computes the same bits with and without them.
 *
 * @module
 */
import { deepStrictEqual, match, strictEqual } from "node:assert/strict";
import { hasBoundsChecks } from "../../../../kernels/engine/cpu/tiles.ts";
import { cpuBits } from "./cpu_bits.ts";

const root = new URL("../../../../", import.meta.url);
const { tasks } = JSON.parse(await Deno.readTextFile(new URL("deno.json", root)));
/** The flags that let V8 join two 128-bit vector instructions into a 256-bit one. */
const flags: string = /--v8-flags=\S+/.exec(tasks.fast.command)?.[0] ?? "none";

/**
 * The same flags, and one that makes V8 optimize code from its first call. Only the optimizing compiler joins
 * vector instructions, and without this flag a test would end before that compiler starts.
 */
const optimized = `${flags},--no-liftoff`;

async function deno(args: readonly string[]): Promise<{ code: number; out: string; err: string }> {
  const command = new Deno.Command(Deno.execPath(), {
    args: [...args],
    cwd: decodeURIComponent(root.pathname),
  });
  const { code, stdout, stderr } = await command.output();
  const [out, err] = [stdout, stderr].map((bytes) => new TextDecoder().decode(bytes));
  return { code, out, err };
}

Deno.test("deno task fast is deno task pipeline with V8 flags", () => {
  strictEqual(tasks.fast.command.replace(`${flags} `, ""), tasks.pipeline.command);
});

Deno.test("hasBoundsChecks() is true by default and false under the flags of deno task fast", async () => {
  strictEqual(hasBoundsChecks(), true);
  const tiles = new URL("kernels/engine/cpu/tiles.ts", root);
  const script = `import { hasBoundsChecks } from "${tiles}"; console.log(hasBoundsChecks());`;
  deepStrictEqual(await deno(["eval", flags, script]), { code: 0, out: "false\n", err: "" });
});

Deno.test("the CPU engine passes its tests under the flags of deno task fast", async () => {
  const { code, out, err } = await deno([
    ...["test", "--quiet", "--lock=deno.lock", "--frozen", "--allow-all", optimized],
    ...["tests/kernels/parity/cpu_parity_test.ts", "tests/kernels/engine/cpu/cpu_engine_test.ts"],
  ]);
  strictEqual(code, 0, `${out}\n${err}`);
  match(out, /0 failed.* \| 1 ignored/); // the test in which a kernel traps
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
