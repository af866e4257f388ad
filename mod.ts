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
  type AdamWOptions,
  type Call,
  type CallTiming,
  type Case,
  type CustomGradient,
  type DType,
  type Engine,
  type Fill,
  type ForwardOptions,
  gpt,
  type GptConfig,
  type Graph,
  type Init,
  initialWeights,
  type Kernel,
  type Kind,
  type LossInputs,
  type Model,
  type Now,
  type Op,
  type OpenedEngine,
  openEngine,
  type Optimizer,
  type Parameter,
  type Program,
  type ProgramCost,
  type Randomness,
  type Recompute,
  type ReplayOptions,
  type Schedule,
  schedule,
  type ScheduleKind,
  type ScheduleOptions,
  type Scope,
  type Session,
  type SessionCounters,
  type Shape,
  type Slot,
  type Spec,
  type Tensor,
  type TensorMap,
  type Traffic,
} from "./kernels/mod.ts";
