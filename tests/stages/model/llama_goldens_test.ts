import { hasBlas } from "../../blas.ts";
import { llamaModels, llamaTest } from "./llama_golden.ts";

// gemma3 has most of what the others have: norms of queries, windows, two tables of angles, Gemma's norms.
// The runs on WebGPU are in llama_goldens_gpu_test.ts: compiling the kernels takes a minute in software.
for (const model of llamaModels) llamaTest(model, { on: "cpu", updates: 12 });
llamaTest("gemma3", { on: "cpu without relaxed SIMD", updates: 12 });
llamaTest("gemma3", { on: "reference", updates: 1 });
for (const model of hasBlas ? ["llama-linear", "gemma2", "gemma3"] : []) {
  llamaTest(model, { on: "cpu with BLAS", updates: 12 });
}
