/**
 * A stage as a WHATWG transform stream.
 *
 * @module
 */
import { asSource } from "./as_source.ts";
import { from } from "./flow.ts";
import type { RunOptions } from "./run_options.ts";
import type { Stage } from "./stage.ts";
import { toTransformStream } from "./std.ts";

/**
 * Returns a pair of streams for `pipeThrough`. It takes no checkpoints; only a flow does.
 *
 * @example
 * ```ts
 * import { asTransform, rule } from "@stagewise/gpt";
 *
 * const short = rule<string>("short", (line) => line.length > 80 ? "long" : null);
 * const lines = ReadableStream.from(["one", "two"]).pipeThrough(asTransform(short));
 * console.log(await Array.fromAsync(lines)); // [ "one", "two" ]
 * ```
 */
export function asTransform<In, Out>(
  stage: Stage<In, Out>,
  options: Omit<RunOptions, "checkpoints"> = {},
): ReadableWritablePair<Out, In> {
  return toTransformStream<In, Out>(async function* (input) {
    const source = asSource<In>(`input of ${stage.name}`, () => input);
    // Not `yield*`: cancelling throws at the yield, and the iterator of a stream has no throw().
    for await (const item of from(source).pipe(stage).stream(options)) yield item;
  });
}
