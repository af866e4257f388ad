import { nanochatTest } from "./nanochat_golden.ts";

// The run on WebGPU is in nanochat_golden_gpu_test.ts: compiling the kernels takes a minute in software.
nanochatTest("cpu", { updates: 12 });
nanochatTest("reference", { updates: 1 });
