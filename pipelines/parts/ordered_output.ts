/**
 * Several texts that come in pieces at the same time, shown one after the other: the first one as it comes.
 *
 * @module
 */

/** Shows texts 0 … count - 1 in order. */
export class OrderedOutput {
  readonly #print: (text: string) => void;
  readonly #heading: (text: number) => string;
  readonly #waiting: string[];
  readonly #ended: boolean[];
  /** The text that is shown as it comes. */
  #shown = -1;

  /** `heading`: what stands before a text. */
  constructor(count: number, print: (text: string) => void, heading: (text: number) => string) {
    this.#print = print;
    this.#heading = heading;
    this.#waiting = Array<string>(count).fill("");
    this.#ended = Array<boolean>(count).fill(false);
    this.#next();
  }

  /** A piece of a text has come. */
  add(text: number, piece: string): void {
    if (text === this.#shown) this.#print(piece);
    else this.#waiting[text] += piece;
  }

  /** A text is complete. */
  end(text: number): void {
    this.#ended[text] = true;
    while (this.#ended[this.#shown]) {
      this.#print("\n");
      this.#next();
    }
  }

  /** No more comes: what has come of texts that were not shown yet, and the end of the last line. */
  close(): void {
    while (this.#shown < this.#waiting.length) {
      this.#print("\n");
      this.#next();
    }
  }

  #next(): void {
    this.#shown++;
    if (this.#shown >= this.#waiting.length) return;
    this.#print(`${this.#heading(this.#shown)}${this.#waiting[this.#shown]}`);
  }
}
