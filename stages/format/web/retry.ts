/**
 * Retrying requests to a server: after a pause that doubles, or as long as the server asks for. Failures in a
 * row are counted since the last progress.
 *
 * @module
 */

/** When to retry, and when to give up. */
export interface RetryOptions {
  /** Failures in a row after which to give up (default 6). */
  readonly tries?: number;
  /** Milliseconds before the second try (default 500); each further pause is twice as long. */
  readonly firstPause?: number;
  /** Milliseconds without a byte that count as a failure (default 30,000). */
  readonly idle?: number;
  /** Aborts requests and pauses. */
  readonly signal?: AbortSignal;
}

const MAX_PAUSE = 300_000; // milliseconds, also where a server asks for more

/**
 * A failure that may not occur again at the next try. `pause`: milliseconds to wait, where the server says
 * so.
 */
export class TransientError extends Error {
  constructor(message: string, readonly pause: number | null = null) {
    super(message);
  }
}

/** Runs `work` until it succeeds or fails too often in a row. Throws as `Retries.failed`. */
export async function withRetries<T>(
  url: string,
  options: RetryOptions,
  work: (retries: Retries) => Promise<T>,
): Promise<T> {
  const retries = new Retries(url, options);
  for (;;) {
    try {
      return await work(retries);
    } catch (error) {
      await retries.failed(error);
    }
  }
}

/**
 * The tries of reading one URL: sends requests with a time limit, counts failures and pauses between them.
 */
export class Retries {
  readonly #url: string;
  readonly #tries: number;
  readonly #firstPause: number;
  readonly #idle: number;
  readonly #signal: AbortSignal | undefined;
  #at = 0; // byte offset reached, for errors
  #failures = 0;

  constructor(url: string, { tries = 6, firstPause = 500, idle = 30_000, signal }: RetryOptions) {
    this.#url = url;
    this.#tries = tries;
    this.#firstPause = firstPause;
    this.#idle = idle;
    this.#signal = signal;
  }

  /** Records that bytes up to offset `at` have arrived: failures are counted from 0 again. */
  progress(at: number): void {
    this.#at = at;
    this.#failures = 0;
  }

  /**
   * The response to a request. Throws Deno.errors.NotCapable, with the option to give, without network
   * permission.
   */
  async fetch(request: (signal: AbortSignal) => Promise<Response>): Promise<Response> {
    try {
      return await this.#withinIdle(request);
    } catch (cause) {
      if (!(cause instanceof Deno.errors.NotCapable)) throw cause;
      throw new Deno.errors.NotCapable(
        `Cannot read ${this.#url}: this command may not use the network: run it with --allow-net`,
        { cause },
      );
    }
  }

  /**
   * The chunks of a response's body. The time limit runs only while a chunk is awaited: the consumer may be
   * slow.
   */
  async *chunks({ body }: Response): AsyncGenerator<Uint8Array> {
    if (body === null) return;
    const reader = body.getReader();
    try {
      for (;;) {
        const { done, value } = await this.#withinIdle(() => reader.read());
        if (done) return;
        yield value;
      }
    } finally {
      reader.cancel().catch(() => {}); // the connection has failed, or the consumer has stopped
    }
  }

  async #withinIdle<T>(work: (signal: AbortSignal) => Promise<T>): Promise<T> {
    const stalled = new AbortController();
    const timer = setTimeout(() => stalled.abort(), this.#idle);
    const signals = this.#signal === undefined ? [stalled.signal] : [stalled.signal, this.#signal];
    const signal = AbortSignal.any(signals);
    const { promise: ended, reject } = Promise.withResolvers<never>();
    const end = (): void =>
      reject(
        stalled.signal.aborted ? new TransientError(`no byte arrived for ${this.#idle} ms`) : signal.reason,
      );
    signal.addEventListener("abort", end, { once: true });
    try {
      return await Promise.race([work(signal), ended]);
    } finally {
      clearTimeout(timer);
      signal.removeEventListener("abort", end);
    }
  }

  /**
   * Pauses after a failure that may be temporary. Throws any other error as it is, and
   * Deno.errors.ConnectionReset after too many failures in a row.
   */
  async failed(error: unknown): Promise<void> {
    this.#signal?.throwIfAborted();
    if (!isTransient(error)) throw error;
    this.#failures++;
    const why = error instanceof Error ? error.message : String(error);
    if (this.#failures >= this.#tries) {
      throw new Deno.errors.ConnectionReset(
        `Cannot read ${this.#url}: ${this.#failures} tries in a row failed at byte ${this.#at}, the last with: ${why}: ` +
          "check the network, then type the command again: it resumes from the last checkpoint",
        { cause: error },
      );
    }
    const asked = error instanceof TransientError ? error.pause : null;
    await pause(Math.min(MAX_PAUSE, asked ?? this.#firstPause * 2 ** (this.#failures - 1)), this.#signal);
  }
}

/**
 * fetch() reports broken connections and unknown hosts as TypeError; permission errors have classes of their
 * own.
 */
function isTransient(error: unknown): boolean {
  return error instanceof TransientError || error instanceof TypeError;
}

function pause(milliseconds: number, signal: AbortSignal | undefined): Promise<void> {
  const { promise, resolve, reject } = Promise.withResolvers<void>();
  const stop = (): void => {
    clearTimeout(timer);
    reject(signal?.reason);
  };
  const timer = setTimeout(() => {
    signal?.removeEventListener("abort", stop);
    resolve();
  }, milliseconds);
  signal?.addEventListener("abort", stop, { once: true });
  return promise;
}
