/**
 * node:zlib's unpacking streams, fed a little at a time: what a push unpacks to is taken before the next, so memory is
 * that of one push.
 *
 * @module
 */

/** What is used of one of node:zlib's streams. */
export interface UnpackingStream {
  /** Bytes fed that were used. */
  readonly bytesWritten: number;
  /** It has failed. */
  readonly destroyed: boolean;
  /** Feeds it. */
  write(chunk: Uint8Array<ArrayBuffer>, done: () => void): unknown;
  /** Tells of chunks, the end, an error. */
  on(event: "data" | "end" | "error", listener: (what: any) => void): unknown;
  /** Frees what it holds. */
  destroy(): unknown;
}

/** A stream at work. */
export class Unpacker {
  readonly #stream: UnpackingStream;
  readonly #ended: PromiseWithResolvers<"ended"> = Promise.withResolvers();
  #ready: Uint8Array<ArrayBuffer>[] = [];
  #fed = 0;

  /** Takes the stream over. */
  constructor(stream: UnpackingStream) {
    this.#stream = stream;
    this.#ended.promise.catch(() => {}); // whoever waits for a write hears of it
    stream.on("data", (chunk: Uint8Array) => {
      if (chunk.length > 0) this.#ready.push(new Uint8Array(chunk));
    });
    stream.on("end", () => this.#ended.resolve("ended"));
    stream.on("error", this.#ended.reject);
  }

  /** Feeds a chunk; `used` of it were needed where the packed data have `ended`. Throws the stream's own errors. */
  async push(chunk: Uint8Array<ArrayBuffer>): Promise<{ readonly used: number; readonly ended: boolean }> {
    const written = new Promise<"written">((resolve) => this.#stream.write(chunk, () => resolve("written")));
    const outcome = await Promise.race([
      written.then((done) => this.#stream.destroyed ? this.#ended.promise : done), // failed: the error comes next
      this.#ended.promise,
    ]);
    const ended = outcome === "ended";
    const used = ended ? this.#stream.bytesWritten - this.#fed : chunk.length;
    this.#fed += used;
    return { used, ended };
  }

  /** What has been unpacked since it was last asked for. */
  take(): Uint8Array<ArrayBuffer>[] {
    return this.#ready.splice(0);
  }

  /** Frees what the stream holds. */
  close(): void {
    this.#stream.destroy();
  }
}
