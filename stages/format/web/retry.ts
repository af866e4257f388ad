/**
 * Retries requests to a server after a pause, which doubles each time or is as long as the server asks for. A
 * random part of the pause keeps many processes from asking again all at once. Progress resets the count of
 * failures, unless it is too slow.
 *
 * @module
 */
import { SlowServerError, SpeedLimit } from "./speed_limit.ts";
import { TransientError } from "./transient_error.ts";

/** When to retry, and when to give up. */
export interface RetryOptions {
  /** Number of failures in a row after which to give up (default 6). */
  readonly tries?: number;
  /**
   * Milliseconds before the second try (default 500); each further pause is twice as long. Up to half of each
   * pause is left out at random.
   */
  readonly firstPause?: number;
  /** Milliseconds without a received byte after which a request counts as failed (default 30,000). */
  readonly idle?: number;
  /**
   * Bytes per second below which a request counts as failed (default 1000, with which a gigabyte takes 11
   * days).
   */
  readonly speedLimit?: number;
  /** Milliseconds of waiting over which the speed is measured (default 60,000). */
  readonly speedTime?: number;
  /** Signal that aborts running requests and ends the waits between requests. */
  readonly signal?: AbortSignal;
}

/** Options of `Retries` that its callers in this folder set. */
export interface RequestOptions extends RetryOptions {
  /** Completes "Cannot … URL" in error messages (default "read"). */
  readonly action?: string;
}

const MAX_PAUSE = 300_000; // milliseconds, even if a server asks for more

/**
 * Runs `work` until it succeeds or fails too often in a row. Throws the same errors as `Retries.failed()`.
 */
export async function withRetries<T>(
  url: string,
  options: RequestOptions,
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
 * Makes the requests for one URL: sends them with a time limit, counts failures, and pauses after each
 * failure.
 */
export class Retries {
  readonly #url: string;
  readonly #action: string;
  readonly #tries: number;
  readonly #firstPause: number;
  readonly #idle: number;
  readonly #signal: AbortSignal | undefined;
  readonly #speed: Pick<RetryOptions, "speedLimit" | "speedTime">;
  #at = 0; // byte offset reached, for error messages
  #failures = 0;
  #slow = 0; // failures because of the speed, since bytes last arrived fast enough

  constructor(
    url: string,
    { action = "read", tries = 6, firstPause = 500, idle = 30_000, signal, ...speed }: RequestOptions,
  ) {
    this.#url = url;
    this.#action = action;
    this.#tries = tries;
    this.#firstPause = firstPause;
    this.#idle = idle;
    this.#signal = signal;
    this.#speed = speed;
  }

  /** Records that bytes up to offset `at` have arrived, and forgets failures other than a low speed. */
  progress(at: number): void {
    this.#at = at;
    this.#failures = this.#slow;
  }

  /**
   * Returns the response to a request. Without network permission, throws Deno.errors.NotCapable, whose
   * message suggests `--allow-net`.
   */
  async fetch(request: (signal: AbortSignal) => Promise<Response>): Promise<Response> {
    try {
      return await this.#withinIdle(request);
    } catch (cause) {
      if (!(cause instanceof Deno.errors.NotCapable)) throw cause;
      throw new Deno.errors.NotCapable(
        `Cannot ${this.#action} ${this.#url}: this command may not use the network: run it with --allow-net`,
        { cause },
      );
    }
  }

  /**
   * Yields the chunks of a response's body. The limits of time and speed apply only while a chunk is awaited,
   * because the consumer may be slow.
   */
  async *chunks({ body }: Response): AsyncGenerator<Uint8Array> {
    if (body === null) return;
    const reader = body.getReader(), speed = new SpeedLimit(this.#speed);
    try {
      for (;;) {
        const asked = performance.now();
        const { done, value } = await this.#withinIdle(() => reader.read());
        if (done) return;
        if (speed.add(value.length, performance.now() - asked)) this.#slow = 0;
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
    if (error instanceof SlowServerError) this.#slow++;
    const why = error instanceof Error ? error.message : String(error);
    if (this.#failures >= this.#tries) {
      throw new Deno.errors.ConnectionReset(
        `Cannot ${this.#action} ${this.#url}: ${this.#failures} tries in a row failed at byte ${this.#at}, the last with: ${why}: ` +
          "check the network, then type the command again: it resumes from the last checkpoint",
        { cause: error },
      );
    }
    const asked = error instanceof TransientError ? error.pause : null;
    const doubled = this.#firstPause * 2 ** (this.#failures - 1);
    const wait = asked === null
      ? doubled * (1 - Math.random() / 2)
      : asked + this.#firstPause * Math.random();
    await pause(Math.min(MAX_PAUSE, wait), this.#signal);
  }
}

/**
 * Returns whether a request may succeed later. `fetch()` reports broken connections and unknown hosts as
 * TypeError; permission errors have classes of their own.
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
