/**
 * Limits the length of a response's body, for readers that hold all of it in memory.
 *
 * @module
 */

/** The error for a body that is longer than its limit. */
export class BodyTooLargeError extends Error {
  override readonly name = "BodyTooLargeError";

  /** `limit` is the number of bytes up to which the body was read. */
  constructor(readonly url: string, readonly limit: number) {
    super(`Cannot read the answer of ${url}: it has more than ${limit} bytes: check the address`);
  }
}

/** Where a body comes from, and how long it may be. */
export interface BodyLimit {
  readonly url: string;
  /** The body's bytes as they are read from the server. */
  readonly chunks: AsyncGenerator<Uint8Array>;
  /** Greatest length in bytes. */
  readonly bytes: number;
}

/** The same response; reading its body fails with BodyTooLargeError after `bytes` bytes. */
export function limitedBody(response: Response, { url, chunks, bytes }: BodyLimit): Response {
  if (response.body === null) return response;
  let left = bytes;
  const body = new ReadableStream<Uint8Array>({
    async pull(controller) {
      const { done, value } = await chunks.next();
      if (done) return controller.close();
      left -= value.length;
      if (left >= 0) return controller.enqueue(value);
      await chunks.return(undefined);
      throw new BodyTooLargeError(url, bytes);
    },
    cancel: async () => void await chunks.return(undefined),
  });
  const { status, statusText, headers } = response;
  const limited = new Response(body, { status, statusText, headers });
  Object.defineProperty(limited, "url", { value: response.url }); // libraries resolve links against it
  return limited;
}
