import { llamaModels, llamaTest } from "./llama_golden.ts";

for (const model of llamaModels) llamaTest(model, { on: "webgpu", updates: 2 });
