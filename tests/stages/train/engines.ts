/**
 * The engines that golden tests run on.
 *
 * @module
 */
import { openCpu } from "../../../kernels/engine/cpu/cpu_engine.ts";
import type { Engine } from "../../../kernels/engine/engine.ts";
import { openReference } from "../../../kernels/engine/reference.ts";
import { openWebgpu } from "../../../kernels/engine/webgpu/webgpu_engine.ts";

/** Functions that open an engine, by name. */
export const engines: Readonly<Record<string, () => Promise<Engine>>> = {
  reference: () => Promise.resolve(openReference()),
  cpu: () => openCpu(),
  "cpu without relaxed SIMD": () => openCpu({ relaxedSimd: false }),
  "cpu with BLAS": () => openCpu({ blas: "auto" }),
  webgpu: () => openWebgpu(),
};
