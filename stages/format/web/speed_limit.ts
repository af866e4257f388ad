/**
 * Finds servers that keep a connection open and send next to nothing, as curl's `--speed-limit` does: a limit
 * on silence alone does not end a connection on which a byte arrives now and then.
 *
 * @module
 */
import { TransientError } from "./transient_error.ts";

/** The least speed of a response's body. */
export interface SpeedLimitOptions {
  /**
   * Bytes per second below which a request counts as failed (default 1000: a gigabyte would take 11 days).
   */
  readonly speedLimit?: number;
  /** Milliseconds of waiting over which the speed is measured (default 60,000). */
  readonly speedTime?: number;
}

/** The error for a body that arrives more slowly than `speedLimit`. */
export class SlowServerError extends TransientError {
  override readonly name = "SlowServerError";
}

/** Measures the speed of one body. */
export class SpeedLimit {
  readonly #bytesPerSecond: number;
  readonly #period: number;
  #bytes = 0;
  #milliseconds = 0;

  constructor({ speedLimit = 1000, speedTime = 60_000 }: SpeedLimitOptions) {
    this.#bytesPerSecond = speedLimit;
    this.#period = speedTime;
  }

  /**
   * Counts bytes that have arrived after a wait of so many milliseconds. Returns whether they end a period
   * with enough bytes; throws SlowServerError if they end one with too few.
   */
  add(bytes: number, milliseconds: number): boolean {
    this.#bytes += bytes;
    this.#milliseconds += milliseconds;
    if (this.#milliseconds < this.#period) return false;
    if (this.#bytes < this.#bytesPerSecond * this.#milliseconds / 1000) {
      throw new SlowServerError(
        `only ${this.#bytes} bytes arrived in ${Math.round(this.#milliseconds)} ms, which is less than ` +
          `speedLimit, ${this.#bytesPerSecond} bytes per second`,
      );
    }
    this.#bytes = this.#milliseconds = 0;
    return true;
  }
}
