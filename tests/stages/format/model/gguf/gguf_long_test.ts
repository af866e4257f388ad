import { sharedTest } from "../../../../shared_data.ts";
import { checkSmollm2, mutants, smollm2Files } from "./gguf_cases.ts";

sharedTest(
  "a real instruct model with dequantised weights continues every prompt as transformers does, all 40 tokens",
  smollm2Files,
  (path) => checkSmollm2(path, { weights: "f32", prompts: Infinity, tokens: 40 }),
);

mutants(10_000);
