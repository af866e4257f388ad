/**
 * A stage as a WHATWG transform stream.
 *
 * @module
 */
import type { Stage } from "./stage.ts";
import { asSource } from "./as_source.ts";
import { from } from "./flow.ts";
import type { RunOptions } from "./run_options.ts";
import { toTransformStream } from "./std.ts";

/**
 * A pair to put into a pipe chain. It starts from an empty state; checkpoints need a flow.
 *
 * @example
 * ```ts
 * import { asTransform } from "./as_transform.ts";
 * import { rule } from "./stage.ts";
 *
 * const short = rule<string>("short", (line) => line.length > 80 ? "long" : null);
 * const lines = ReadableStream.from(["one", "two"]).pipeThrough(asTransform(short));
 * console.log(await Array.fromAsync(lines));
 * ```
 */
export function asTransform<In, Out>(
  stage: Stage<In, Out>,
  options: Omit<RunOptions, "checkpoints"> = {},
): ReadableWritablePair<Out, In> {
  return toTransformStream<In, Out>(async function* (input) {
    const source = asSource<In>(`input of ${stage.name}`, () => input);
    // Not `yield*`: a cancelled chain throws here, and a stream's iterator has no throw.
    for await (const item of from(source).pipe(stage).stream(options)) yield item;
  });
}
