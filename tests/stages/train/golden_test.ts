import { hasBlas } from "../../blas.ts";
import { engines } from "./engines.ts";
import { goldenTests } from "./golden_cases.ts";

// The float64 engine and WebGPU in software are slow, so they repeat only the first updates.
const limits: Readonly<Record<string, number>> = { reference: 3, webgpu: 3 };

for (const [name, open] of Object.entries(engines)) {
  if (name === "cpu with BLAS" && !hasBlas) {
    Deno.test({
      name: `golden runs on ${name} (ignored: no BLAS here: install libopenblas0)`,
      ignore: true,
      fn: () => {},
    });
  } else goldenTests(name, { open, ...(limits[name] !== undefined && { steps: limits[name] }) });
}
