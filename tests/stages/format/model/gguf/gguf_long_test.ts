import { sharedTest } from "../../../../shared_data.ts";
import { checkSmollm2, mutants, smollm2Files } from "./gguf_cases.ts";

sharedTest(
  "a real instruct model continues every prompt as transformers does, all 40 tokens",
  smollm2Files,
  (path) => checkSmollm2(path, { prompts: Infinity, tokens: 40 }),
);

mutants(10_000);
