/**
 * What `deno task fast` runs with: its V8 flags are seen, and the CPU engine passes its tests under them, which say that
 * both tiles give the same bits; and so do all ops with flags and without.
 *
 * @module
 */
import { deepStrictEqual, match, strictEqual } from "node:assert/strict";
import { hasBoundsChecks } from "../../../../kernels/engine/cpu/tiles.ts";
import { cpuBits } from "./cpu_bits.ts";

const root = new URL("../../../../", import.meta.url);
const { tasks } = JSON.parse(await Deno.readTextFile(new URL("deno.json", root)));
/** What V8 joins vectors by. */
const flags: string = /--v8-flags=\S+/.exec(tasks.fast.command)?.[0] ?? "none";

/** Optimized from the first call, too: V8 joins vectors only there, and tests are over before it would come to it. */
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

Deno.test("deno task fast is deno task pipeline with flags of V8", () => {
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
    ...["test", "--quiet", "--frozen", "--allow-all", optimized],
    ...["tests/kernels/parity/cpu_parity_test.ts", "tests/kernels/engine/cpu/cpu_engine_test.ts"],
  ]);
  strictEqual(code, 0, `${out}\n${err}`);
  match(out, /0 failed.* \| 1 ignored/); // the one in which a kernel traps
});

Deno.test("every op gives the same bits under the flags of deno task fast as without", async () => {
  const { out } = await deno([
    "run",
    "--quiet",
    "--frozen",
    "--allow-read",
    optimized,
    "tests/kernels/engine/cpu/cpu_bits.ts",
  ]);
  strictEqual(out, `${await cpuBits()}\n`);
});
