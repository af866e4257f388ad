import { match, strictEqual } from "node:assert/strict";
import { deno, optimized } from "./fast_flags.ts";

Deno.test("the CPU engine passes its tests under the flags of deno task fast", async () => {
  const { code, out, err } = await deno([
    ...["test", "--quiet", "--lock=deno.lock", "--frozen", "--allow-all", optimized],
    ...["tests/kernels/parity/cpu_parity_test.ts", "tests/kernels/engine/cpu/cpu_engine_test.ts"],
  ]);
  strictEqual(code, 0, `${out}\n${err}`);
  match(out, /0 failed.* \| 1 ignored/); // the test in which a kernel traps
});
