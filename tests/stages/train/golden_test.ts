import { hasBlas } from "../../blas.ts";
import { engines } from "./engines.ts";
import { goldenTests, weightFreeTest } from "./golden_cases.ts";

// The float64 engine is slow, so it repeats only the first updates. WebGPU in software takes many seconds to
// compile the kernels of each model, so its runs of llm.c and nanoGPT are in golden_gpu_test.ts.
for (const [name, open] of Object.entries(engines)) {
  if (name === "webgpu") weightFreeTest(name, { open });
  else if (name === "cpu with BLAS" && !hasBlas) {
    Deno.test({
      name: `golden runs on ${name} (ignored: no BLAS here: install libopenblas0)`,
      ignore: true,
      fn: () => {},
    });
  } else goldenTests(name, { open, ...(name === "reference" && { steps: 3 }) });
}
