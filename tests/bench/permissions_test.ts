/**
 * Tests that `deno bench -P` runs every bench, with the permissions that deno.json gives to benches.
 *
 * @module
 */
import { match, ok, strictEqual } from "node:assert/strict";
import { runDeno } from "../package/script.ts";

const args = ["bench", "--quiet", "-P", "--no-prompt", "--no-check", "--lock=deno.lock", "--frozen"];

Deno.test("deno bench -P loads every bench file", async () => {
  const { code, out, err } = await runDeno([...args, "--filter", "/^none of them$/", "bench/"]);
  strictEqual(code, 0, `${out}\n${err}`);
  ok((out.match(/_bench\.ts$/gm) ?? []).length >= 14, out);
});

for (const file of ["matmul_bench.ts", "minhash_bench.ts"]) {
  const what = file === "minhash_bench.ts" ? "writes files" : "uses BLAS and threads";
  Deno.test(`deno bench -P runs bench/${file}, which ${what}`, async () => {
    const { code, out, err } = await runDeno([...args, "--preload", "tests/bench/once.ts", `bench/${file}`]);
    strictEqual(code, 0, `${out}\n${err}`);
    match(out, /\d (ns|µs|ms|s) /);
  });
}

Deno.test("deno bench -P gives no permission to write outside runs/, to read variables or to start programs", async () => {
  const { code, out, err } = await runDeno([...args, "tests/bench/forbidden.ts"]);
  strictEqual(code, 1, `${out}\n${err}`);
  for (const bench of ["writes", "reads a variable", "starts a program"]) {
    match(out, new RegExp(`^${bench} +error: NotCapable`, "m"));
  }
});
