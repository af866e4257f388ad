/**
 * Training a GPT as a stream graph of typed stages. Stages, sources and the flow stand here by name, with what a
 * training script needs of the kernels; all of the kernels are in `kernels`.
 *
 * @module
 */
export * from "./stages/mod.ts";
export * as kernels from "./kernels/mod.ts";
export {
  adamw,
  type Engine,
  gpt,
  type GptConfig,
  initialWeights,
  type Model,
  openEngine,
  type Optimizer,
  schedule,
  type Schedule,
  type Session,
} from "./kernels/mod.ts";
