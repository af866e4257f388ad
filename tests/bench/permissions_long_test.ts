/** Tests that `deno bench -P` suffices for every bench. */
import { ok, strictEqual } from "node:assert/strict";
import { runDeno } from "../package/script.ts";
import { args, benchTest } from "./bench_permissions.ts";

benchTest("minhash_bench.ts", "writes files");

Deno.test("deno bench -P loads every bench file", async () => {
  const { code, out, err } = await runDeno([...args, "--filter", "/^none of them$/", "bench/"]);
  strictEqual(code, 0, `${out}\n${err}`);
  ok((out.match(/_bench\.ts$/gm) ?? []).length >= 14, out);
});
