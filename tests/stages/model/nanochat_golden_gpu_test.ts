import { nanochatTest } from "./nanochat_golden.ts";

nanochatTest("webgpu", { updates: 5 });
