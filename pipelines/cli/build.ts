/**
 * Building a pipeline's flow.
 *
 * @module
 */
import type { Flow } from "../../stages/flow/flow.ts";
import type { Env, Options, Pipeline, Values } from "./pipeline.ts";
import { UsageError } from "./usage_error.ts";

/** Builds the flow. Throws UsageError for what a build throws about the values it was given: see `Pipeline.build`. */
export async function buildFlow(
  pipeline: Pipeline<Options>,
  { values, env }: { readonly values: Values<Options>; readonly env: Env },
): Promise<Flow<unknown>> {
  try {
    return await pipeline.build(values, env);
  } catch (error) {
    const typed = error instanceof RangeError || error instanceof Deno.errors.NotFound ||
      error instanceof Error && error.name === "ShapeError";
    throw typed ? new UsageError(error.message, { cause: error }) : error;
  }
}
