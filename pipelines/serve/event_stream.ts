/**
 * Chunks of an answer as Server-Sent Events, in OpenAI's form.
 *
 * @module
 */
import { asApiError } from "./api_error.ts";

/** How chunks are sent. */
export interface EventStreamOptions {
  /** Called with an error that ends the stream early. */
  onError(error: unknown): void;
  /** Called once when the stream has ended: true if the client has read all of it. */
  onEnd(isWhole: boolean): void;
}

/**
 * Returns a stream of the chunks. An error becomes the last event. A client that leaves ends the generator. A
 * slow client does not delay other answers: chunks wait until it reads.
 */
export function eventStream(
  chunks: AsyncGenerator<object, void, undefined>,
  { onError, onEnd }: EventStreamOptions,
): ReadableStream<Uint8Array<ArrayBuffer>> {
  const encoder = new TextEncoder(),
    event = (json: object) => encoder.encode(`data: ${JSON.stringify(json)}\n\n`);
  let isOpen = true;
  return new ReadableStream({
    async pull(controller) {
      try {
        const { value, done } = await chunks.next();
        if (!isOpen) return;
        if (!done) return controller.enqueue(event(value));
        controller.enqueue(encoder.encode("data: [DONE]\n\n"));
      } catch (error) {
        if (!isOpen) return;
        onError(error);
        controller.enqueue(event(asApiError(error).body));
      }
      isOpen = false;
      controller.close();
      onEnd(true);
    },
    cancel() {
      isOpen = false;
      onEnd(false);
      chunks.return().catch(() => {}); // it has been told by the signal already
    },
  });
}
