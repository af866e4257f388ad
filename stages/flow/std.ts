/**
 * The functions of @std that the flow uses, with types, because the npm packages of @std have none.
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

/** Makes a transform stream from a generator over the chunks. By default neither side queues anything. */
export const toTransformStream: <In, Out>(
  transformer: (source: ReadableStream<In>) => Iterable<Out> | AsyncIterable<Out>,
  writableStrategy?: QueuingStrategy<In>,
  readableStrategy?: QueuingStrategy<Out>,
) => ReadableWritablePair<Out, In> = untypedToTransformStream;

/** Whether two values are deeply equal. */
export const equal: (a: unknown, b: unknown) => boolean = untypedEqual;

/** The error of a failed check. */
export const AssertionError: new (message: string, options?: ErrorOptions) => Error = UntypedAssertionError;
