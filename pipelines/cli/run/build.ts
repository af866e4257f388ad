/**
 * Builds a pipeline's flow, and tells a wrong command line from a failure.
 *
 * @module
 */
import type { Flow } from "../../../stages/flow/flow.ts";
import type { Env, Options, Pipeline, Values } from "../pipeline.ts";
import { UsageError } from "../usage_error.ts";

/** Builds the flow. Errors about the option values are thrown as UsageError: see `Pipeline.build`. */
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

/** Whether an error blames the option values or the files they name, and not the program or the machine. */
function isAboutValues(error: unknown): error is Error {
  const { NotFound, NotSupported, InvalidData, IsADirectory, UnexpectedEof } = Deno.errors;
  const classes = [RangeError, SyntaxError, NotFound, NotSupported, InvalidData, IsADirectory, UnexpectedEof];
  return classes.some((each) => error instanceof each) ||
    error instanceof Error && error.name === "ShapeError";
}
