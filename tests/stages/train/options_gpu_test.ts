import { openWebgpu } from "../../../kernels/engine/webgpu/webgpu_engine.ts";
import { optionTests } from "./option_runs.ts";

optionTests("webgpu", () => openWebgpu());
