import { openWebgpu } from "../../../kernels/engine/webgpu/webgpu_engine.ts";
import { goldenTests } from "./golden_cases.ts";

goldenTests("webgpu", { open: () => openWebgpu() });
