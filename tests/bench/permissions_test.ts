/** Tests which permissions `deno bench -P` gives. */
import { match, strictEqual } from "node:assert/strict";
import { runDeno } from "../package/script.ts";
import { args, benchTest } from "./bench_permissions.ts";

benchTest("matmul_bench.ts", "uses BLAS and threads");

Deno.test("deno bench -P gives no permission to write outside runs/, to read variables or to start programs", async () => {
  const { code, out, err } = await runDeno([...args, "tests/bench/forbidden.ts"]);
  strictEqual(code, 1, `${out}\n${err}`);
  for (const bench of ["writes", "reads a variable", "starts a program"]) {
    match(out, new RegExp(`^${bench} +error: NotCapable`, "m"));
  }
});
