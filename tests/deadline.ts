/**
 * Deadlines of tests: what does not end fails with a message instead of holding up all tests after it.
 *
 * @module
 */

/** Milliseconds that work which takes a second or so may take on a busy machine. */
const PATIENCE = 60_000;

/** Returns the result of `work`. Throws an error if it does not end in time. */
export async function beforeDeadline<T>(work: Promise<T>, milliseconds = PATIENCE): Promise<T> {
  const late = Promise.withResolvers<never>();
  const timer = setTimeout(
    () => late.reject(new Error(`not ended after ${milliseconds} ms`)),
    milliseconds,
  );
  try {
    return await Promise.race([work, late.promise]);
  } finally {
    clearTimeout(timer);
  }
}

/**
 * Runs Deno to its end. Kills it after a minute, and throws an error with the command and what it printed
 * until then.
 */
export async function denoBeforeDeadline(
  options: Deno.CommandOptions & { readonly args: string[] },
  milliseconds = PATIENCE,
): Promise<Deno.CommandOutput> {
  const signal = AbortSignal.timeout(milliseconds);
  const output = await new Deno.Command(Deno.execPath(), { ...options, signal }).output();
  if (signal.aborted) throw lateError(options.args, { milliseconds, output: output.stderr });
  return output;
}

/** The error of a command that was killed because it did not end in time. */
export function lateError(
  args: readonly string[],
  { milliseconds = PATIENCE, output }: {
    readonly milliseconds?: number;
    readonly output: Uint8Array | string;
  },
): Error {
  const text = typeof output === "string" ? output : new TextDecoder().decode(output);
  return new Error(`deno ${args.join(" ")}: not ended after ${milliseconds} ms; it printed:\n${text}`);
}
