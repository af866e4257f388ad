/**
 * Tests that the committed WASM modules match their source and have a kernel for every op.
 *
 * @module
 */
import { deepStrictEqual, ok } from "node:assert/strict";
import { ops } from "../../../kernels/ops/list.ts";
import { buildKernels, builds } from "../../../kernels/wasm/build.ts";

for (const build of Object.keys(builds)) {
  const committed = await committedModule(build);

  Deno.test(`${build} is the compiled form of its AssemblyScript source`, async () => {
    const built = await buildKernels(build);
    const same = built.length === committed.length && built.every((byte, i) => byte === committed[i]);
    ok(same, `${build} does not match its source: run deno task wasm and commit the result`);
  });

  if (builds[build].source !== "wasm/index.ts") continue;
  Deno.test(`${build} exports a kernel for every op, three for the CPU engine with a BLAS and a choice of tiles, and imports only its memory`, async () => {
    const module = await WebAssembly.compile(committed);
    deepStrictEqual(
      WebAssembly.Module.exports(module).filter((e) => e.kind === "function").map((e) => e.name).sort(),
      [...ops.map((op) => op.name), "choose_wide", "epilogue", "softmax_grad_rows", "softmax_rows"].sort(),
    );
    deepStrictEqual(WebAssembly.Module.imports(module), [{ module: "env", name: "memory", kind: "memory" }]);
  });
}

Deno.test("kernels.wasm.base64 uses relaxed SIMD, kernels_plain.wasm.base64 does not", async () => {
  // The instruction f32x4.relaxed_madd is encoded as 0xfd 0x85 0x02.
  const count = async (build: string) => {
    const bytes = await committedModule(build);
    return bytes.filter((byte, i) => byte === 0xfd && bytes[i + 1] === 0x85 && bytes[i + 2] === 0x02).length;
  };
  deepStrictEqual([
    await count("wasm/kernels_plain.wasm.base64"),
    await count("wasm/kernels.wasm.base64") > 64,
  ], [0, true]);
});

async function committedModule(build: string): Promise<Uint8Array<ArrayBuffer>> {
  const path = new URL(`../../../kernels/${build}`, import.meta.url);
  return build.endsWith(".base64")
    ? Uint8Array.fromBase64(await Deno.readTextFile(path))
    : await Deno.readFile(path);
}
