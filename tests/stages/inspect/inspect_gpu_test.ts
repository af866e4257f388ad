import { openWebgpu } from "../../../kernels/engine/webgpu/webgpu_engine.ts";
import { inspectionTest } from "./inspection.ts";

inspectionTest("WebGPU", () => openWebgpu());
