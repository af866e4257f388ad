/**
 * Texts end before one of some strings, of which no part may be shown: what could be its beginning is held back.
 *
 * @module
 */

/** Watches a text that comes in pieces. */
export class StopStrings {
  readonly #stops: readonly string[];
  #held = "";
  #stopped = false;

  /** Throws RangeError for an empty string, which would end every text at once. */
  constructor(stops: readonly string[]) {
    if (stops.includes("")) {
      throw new RangeError("Cannot stop at an empty string: give one character at least");
    }
    this.#stops = stops;
  }

  /** Whether one of the strings has come. */
  get stopped(): boolean {
    return this.#stopped;
  }

  /** What may be shown now that `piece` has come; nothing once it has stopped. */
  push(piece: string): string {
    if (this.#stopped) return "";
    const text = this.#held + piece;
    // Of several the one that is complete first: so it does not matter in what pieces the text comes.
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

  /** What was held back, now that nothing more comes. */
  rest(): string {
    const held = this.#held;
    this.#held = "";
    return held;
  }
}

/** Length of the longest end of `text` that `stop` begins with, shorter than `stop`. */
function overlap(text: string, stop: string): number {
  for (let length = Math.min(text.length, stop.length - 1); length > 0; length--) {
    if (stop.startsWith(text.slice(text.length - length))) return length;
  }
  return 0;
}
