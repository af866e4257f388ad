/**
 * Unpacks data piece by piece with node:zlib's streams. The caller takes the output of each push before the
 * next push, so memory is bounded by the output of a single push.
 *
 * @module
 */

/** The part of a node:zlib stream that is used here. */
export interface UnpackingStream {
  /** Number of packed bytes that the stream has consumed. */
  readonly bytesWritten: number;
  /** Whether the stream has failed. */
  readonly destroyed: boolean;
  /** Gives the stream packed bytes. */
  write(chunk: Uint8Array<ArrayBuffer>, done: () => void): unknown;
  /** Registers a listener for unpacked chunks, the end of the packed data, or an error. */
  on(event: "data" | "end" | "error", listener: (what: any) => void): unknown;
  /** Frees the stream's memory. */
  destroy(): unknown;
}

/** A node:zlib stream and the bytes that it has unpacked. */
export class Unpacker {
  readonly #stream: UnpackingStream;
  readonly #ended: PromiseWithResolvers<"ended"> = Promise.withResolvers();
  #ready: Uint8Array<ArrayBuffer>[] = [];
  #pushed = 0; // number of packed bytes used so far

  /** `stream` must be new, and must be used only through this object. */
  constructor(stream: UnpackingStream) {
    this.#stream = stream;
    this.#ended.promise.catch(() => {}); // `push` reports the error
    stream.on("data", (chunk: Uint8Array) => {
      if (chunk.length > 0) this.#ready.push(new Uint8Array(chunk));
    });
    stream.on("end", () => this.#ended.resolve("ended"));
    stream.on("error", this.#ended.reject);
  }

  /**
   * Gives the stream a chunk. If the packed data ends within the chunk, `ended` is true and the data ends
   * after the chunk's first `used` bytes. Throws the stream's own errors.
   */
  async push(chunk: Uint8Array<ArrayBuffer>): Promise<{ readonly used: number; readonly ended: boolean }> {
    const written = new Promise<"written">((resolve) => this.#stream.write(chunk, () => resolve("written")));
    const outcome = await Promise.race([
      // A failed stream calls the callback of write() before it reports its error.
      written.then((done) => this.#stream.destroyed ? this.#ended.promise : done),
      this.#ended.promise,
    ]);
    const ended = outcome === "ended";
    const used = ended ? this.#stream.bytesWritten - this.#pushed : chunk.length;
    this.#pushed += used;
    return { used, ended };
  }

  /** Returns the bytes unpacked since the last call. */
  take(): Uint8Array<ArrayBuffer>[] {
    return this.#ready.splice(0);
  }

  /** Frees the stream's memory. */
  close(): void {
    this.#stream.destroy();
  }
}
