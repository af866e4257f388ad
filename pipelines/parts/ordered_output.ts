/**
 * Prints several texts in order although their pieces arrive interleaved. The first unfinished text is
 * printed as it arrives; the others wait.
 *
 * @module
 */

/** Prints texts 0 … `count - 1` in order. */
export class OrderedOutput {
  readonly #print: (text: string) => void;
  readonly #heading: (text: number) => string;
  readonly #waiting: string[];
  readonly #ended: boolean[];
  /** Index of the text that is printed as it arrives. */
  #current = -1;

  /** `heading` returns the heading of the text with the given index; it is printed first. */
  constructor(count: number, print: (text: string) => void, heading: (text: number) => string) {
    this.#print = print;
    this.#heading = heading;
    this.#waiting = Array<string>(count).fill("");
    this.#ended = Array<boolean>(count).fill(false);
    this.#next();
  }

  /** Adds a piece to a text. */
  add(text: number, piece: string): void {
    if (text === this.#current) this.#print(piece);
    else this.#waiting[text] += piece;
  }

  /** Marks a text as complete. */
  end(text: number): void {
    this.#ended[text] = true;
    while (this.#ended[this.#current]) {
      this.#print("\n");
      this.#next();
    }
  }

  /** Prints what has arrived of the remaining texts, and ends the last line. */
  close(): void {
    while (this.#current < this.#waiting.length) {
      this.#print("\n");
      this.#next();
    }
  }

  #next(): void {
    this.#current++;
    if (this.#current >= this.#waiting.length) return;
    this.#print(`${this.#heading(this.#current)}${this.#waiting[this.#current]}`);
  }
}
