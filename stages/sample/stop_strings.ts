/**
 * Ends a text before the first stop string in it. Text that may be the start of a stop string is held back,
 * so that no part of a stop string is ever shown.
 *
 * @module
 */

/** Searches for stop strings in a text that arrives in pieces. */
export class StopStrings {
  readonly #stops: readonly string[];
  #held = "";
  #stopped = false;

  /** Throws RangeError for an empty stop string, which would end every text at once. */
  constructor(stops: readonly string[]) {
    if (stops.includes("")) {
      throw new RangeError("Cannot stop at an empty string: give at least one character");
    }
    this.#stops = stops;
  }

  /** Whether a stop string has been found. */
  get stopped(): boolean {
    return this.#stopped;
  }

  /** Adds the next piece of the text and returns what can now be shown; after a stop string, returns "". */
  push(piece: string): string {
    if (this.#stopped) return "";
    const text = this.#held + piece;
    // The stop string that ends first counts, so that the result does not depend on how the text is cut into
    // pieces.
    const [found] = this.#stops.map((stop) => ({ at: text.indexOf(stop), length: stop.length }))
      .filter(({ at }) => at >= 0)
      .sort((a, b) => a.at + a.length - (b.at + b.length) || a.at - b.at);
    if (found !== undefined) {
      this.#stopped = true;
      this.#held = "";
      return text.slice(0, found.at);
    }
    const held = Math.max(0, ...this.#stops.map((stop) => overlap(text, stop)));
    this.#held = text.slice(text.length - held);
    return text.slice(0, text.length - held);
  }

  /** Returns the text that was held back, to be shown when the text has ended without a stop string. */
  rest(): string {
    const held = this.#held;
    this.#held = "";
    return held;
  }
}

/**
 * Returns the length of the longest suffix of `text` that is a prefix of `stop`, but not the whole of `stop`.
 */
export function overlap(text: string, stop: string): number {
  for (let length = Math.min(text.length, stop.length - 1); length > 0; length--) {
    if (stop.startsWith(text.slice(text.length - length))) return length;
  }
  return 0;
}
