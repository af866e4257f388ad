/**
 * Builds a pipeline's flow. Distinguishes errors of the command line from failures of the program.
 *
 * @module
 */
import { explained, isWrongPath } from "../../../stages/disk/file_error.ts";
import type { Flow } from "../../../stages/flow/flow.ts";
import { flagOf } from "../../../stages/report/option_text.ts";
import type { Env, Options, Pipeline, Values } from "../pipeline.ts";
import { withAddresses } from "../../../stages/run/store/inputs/local_copy.ts";
import { UsageError } from "../../../stages/run/usage_error.ts";

/** Builds the flow. Errors caused by option values are thrown as UsageError: see `Pipeline.build`. */
export async function buildFlow(
  pipeline: Pipeline<Options>,
  { values, env }: { readonly values: Values<Options>; readonly env: Env },
): Promise<Flow<unknown>> {
  return await aboutValues(values, async () => await pipeline.build(values, env));
}

/** Calls `work`; an error that the option values caused is thrown as UsageError. */
export async function aboutValues<T>(values: Values<Options>, work: () => Promise<T>): Promise<T> {
  try {
    return await work();
  } catch (error) {
    if (!isAboutValues(error)) throw error;
    const cause = explained(error, (path) => {
      const option = optionOfPath(path, values);
      return option === null ? undefined : `give another --${flagOf(option)}`;
    });
    throw new UsageError(withAddresses(cause.message), { cause });
  }
}

/**
 * Returns whether an error says that an option has a wrong value, rather than that the program or the machine
 * failed.
 */
function isAboutValues(error: unknown): error is Error {
  const { NotFound, NotSupported, InvalidData, IsADirectory, UnexpectedEof } = Deno.errors;
  const classes = [RangeError, SyntaxError, NotFound, NotSupported, InvalidData, IsADirectory, UnexpectedEof];
  return isWrongPath(error) || classes.some((each) => error instanceof each) ||
    error instanceof Error && error.name === "ShapeError";
}

/**
 * Returns the option whose value is `path` or a folder that contains it, or null if there is no such option.
 */
function optionOfPath(path: string, values: Values<Options>): string | null {
  const isWithin = (value: unknown): boolean =>
    typeof value === "string" && value !== "" &&
    (path === value || path.startsWith(`${value.replace(/\/+$/, "")}/`));
  const option = Object.entries(values).find(([, value]) =>
    Array.isArray(value) ? value.some(isWithin) : isWithin(value)
  );
  return option?.[0] ?? null;
}
