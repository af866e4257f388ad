/**
 * The entry point `./flow`: flows, sources and stages of any items, their runs, events and checkpoints.
 * Nothing behind this entry point knows about text, tokens or models.
 *
 * @module
 */
export type { Shape, TensorMap } from "../../kernels/core/tensor.ts";
export { asSource, type ItemCursor } from "./as_source.ts";
export * from "./as_stage.ts";
export * from "./as_transform.ts";
export * from "./check_resume.ts";
export * from "./checkpoint/checkpoint.ts";
export * from "./checkpoint/memory_checkpoints.ts";
export * from "./checkpoint_request.ts";
export * from "./events.ts";
export * from "./flow.ts";
export * from "./parallel/parallel.ts";
export * from "./stage.ts";
