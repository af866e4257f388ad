/**
 * The committed kernels.wasm: what its source says, and a kernel for every op.
 *
 * @module
 */
import { deepStrictEqual, ok } from "node:assert/strict";
import { ops } from "../../kernels/ops/list.ts";
import { buildKernels } from "../../kernels/wasm/build.ts";

const committed = await Deno.readFile(new URL("../../kernels/wasm/kernels.wasm", import.meta.url));

Deno.test("kernels.wasm is what its AssemblyScript compiles to", async () => {
  const built = await buildKernels();
  const same = built.length === committed.length && built.every((byte, i) => byte === committed[i]);
  ok(same, "kernels.wasm is stale: run deno run -A kernels/wasm/build.ts and commit it");
});

Deno.test("kernels.wasm exports one kernel an op, and imports its memory alone", async () => {
  const module = await WebAssembly.compile(committed);
  deepStrictEqual(
    WebAssembly.Module.exports(module).filter((e) => e.kind === "function").map((e) => e.name).sort(),
    ops.map((op) => op.name).sort(),
  );
  deepStrictEqual(WebAssembly.Module.imports(module), [{ module: "env", name: "memory", kind: "memory" }]);
});
