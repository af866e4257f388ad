/**
 * The typed doorway to @std/streams and what else of @std the flow uses: the package has no types of its own.
 *
 * @module
 */
import { AssertionError as UntypedAssertionError } from "@std/assert/assertion-error";
import { equal as untypedEqual } from "@std/assert/equal";
import { TextLineStream as UntypedTextLineStream } from "@std/streams/text-line-stream";
import { toTransformStream as untypedToTransformStream } from "@std/streams/to-transform-stream";

/** Splits text into lines at \n and \r\n; with `allowCR` also at a lone \r. */
export const TextLineStream: new (options?: { allowCR?: boolean }) => TransformStream<string, string> =
  UntypedTextLineStream;

/** Makes a transform stream of a generator over the stream's chunks. Both queues hold nothing unless told. */
export const toTransformStream: <In, Out>(
  transformer: (source: ReadableStream<In>) => Iterable<Out> | AsyncIterable<Out>,
  writableStrategy?: QueuingStrategy<In>,
  readableStrategy?: QueuingStrategy<Out>,
) => ReadableWritablePair<Out, In> = untypedToTransformStream;

/** Whether two values are alike, all the way down. */
export const equal: (a: unknown, b: unknown) => boolean = untypedEqual;

/** What a failed check throws. */
export const AssertionError: new (message: string, options?: ErrorOptions) => Error = UntypedAssertionError;
