/**
 * Finds servers that keep a connection open and send next to nothing, as curl's `--speed-limit` does: a limit
 * on silence alone does not end a connection on which a byte arrives now and then.
 *
 * @module
 */
import { TransientError } from "./transient_error.ts";

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

  /** `RetryOptions` describes the options. */
  constructor(
    { speedLimit = 1000, speedTime = 60_000 }: {
      readonly speedLimit?: number;
      readonly speedTime?: number;
    },
  ) {
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
          `${this.#bytesPerSecond} bytes per second`,
      );
    }
    this.#bytes = this.#milliseconds = 0;
    return true;
  }
}
