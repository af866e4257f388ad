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
    throw isAboutValues(error) ? new UsageError(error.message, { cause: error }) : error;
  }
}

/** Whether an error says that what was given cannot be, rather than that the program or the machine failed. */
function isAboutValues(error: unknown): error is Error {
  const { NotFound, NotSupported, InvalidData, IsADirectory, UnexpectedEof } = Deno.errors;
  const kinds = [RangeError, SyntaxError, NotFound, NotSupported, InvalidData, IsADirectory, UnexpectedEof];
  return kinds.some((kind) => error instanceof kind) || error instanceof Error && error.name === "ShapeError";
}
