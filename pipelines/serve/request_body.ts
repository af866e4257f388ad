/**
 * The body of a request. `Readable.toWeb()` of Node throws an error that nobody can catch when more of a body
 * arrives after it has been cancelled, and leaves what is not read in the way of the connection's next
 * request.
 *
 * @module
 */
import type { IncomingMessage } from "node:http";

/** The body of a request. */
export interface RequestBody {
  /** The body, which comes as it is read. It fails if the client leaves before the end. */
  readonly stream: ReadableStream<Uint8Array>;
  /**
   * Throws away what has not been read. Returns whether that was all: otherwise the client has gone, or there
   * is too much to wait for, and the connection cannot serve another request.
   */
  discard(): Promise<boolean>;
}

/** Most bytes that are thrown away, and milliseconds that this may take. */
const MOST_REST = 1 << 22, REST_TIME = 1000;

/** Returns the body of a message. */
export function requestBody(message: IncomingMessage): RequestBody {
  const ended = Promise.withResolvers<boolean>();
  let isOpen = true, take: (bytes: Uint8Array) => void = () => {};
  const stream = new ReadableStream<Uint8Array>({
    start(controller) {
      const close = (end: () => void): void => {
        if (isOpen) end();
        isOpen = false;
      };
      take = (bytes) => {
        if (isOpen) controller.enqueue(bytes);
        message.pause();
      };
      const gone = new TypeError("The client left before the end of the body");
      message.on("data", (bytes: Uint8Array) => take(bytes));
      message.on("end", () => {
        close(() => controller.close());
        ended.resolve(true);
      });
      message.on("close", () => {
        close(() => controller.error(gone));
        ended.resolve(false);
      });
      message.on("error", () => {}); // its end is told by `close`
      message.pause();
    },
    pull: () => void message.resume(),
    cancel: () => void (isOpen = false),
  }, { highWaterMark: 0 });
  return {
    stream,
    async discard() {
      const tooMuch = Promise.withResolvers<boolean>(), stop = () => tooMuch.resolve(false);
      let left = MOST_REST;
      take = ({ length }) => {
        left -= length;
        if (left < 0) stop();
      };
      const timer = setTimeout(stop, REST_TIME);
      message.resume();
      try {
        return await Promise.race([ended.promise, tooMuch.promise]);
      } finally {
        clearTimeout(timer);
        message.pause();
      }
    },
  };
}
