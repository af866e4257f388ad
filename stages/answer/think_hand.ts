/**
 * Ends thoughts that are longer than a budget.
 *
 * @module
 */
import type { Hand } from "../sample/token_text.ts";
import type { Tokenizer } from "../token/tokenizer.ts";
import { THINK } from "./tagged_text.ts";

/** Most tokens that a tag is written with. */
const TAG_TOKENS = 16;

/** Watches one answer: after `budget` tokens of a thought it forces the tag that ends it. */
export class ThinkHand implements Hand {
  readonly #tokenizer: Tokenizer;
  readonly #budget: number;
  #ids: number[] = [];
  #isOpen: boolean | null;

  /** `inThought` says whether the prompt has begun a thought. */
  constructor(
    tokenizer: Tokenizer,
    { budget, inThought }: { readonly budget: number; readonly inThought: boolean },
  ) {
    this.#tokenizer = tokenizer;
    this.#budget = budget;
    this.#isOpen = inThought ? true : null;
  }

  /** Returns the tokens that end a thought which has reached the budget; otherwise nothing. */
  after(id: number): readonly number[] {
    if (this.#isOpen === false) return [];
    this.#ids.push(id);
    const text = this.#tokenizer.decode(this.#ids.slice(-TAG_TOKENS)), start = text.trimStart();
    if (this.#isOpen === null) {
      if (start.startsWith(THINK[0])) {
        this.#isOpen = true;
        this.#ids = [];
      } else if (!THINK[0].startsWith(start)) this.#isOpen = false;
      return [];
    }
    if (text.includes(THINK[1])) {
      this.#isOpen = false;
      return [];
    }
    if (this.#ids.length < this.#budget) return [];
    this.#isOpen = false;
    return [...this.#tokenizer.encode(`${THINK[1]}\n\n`, { allowedSpecial: "all" })];
  }
}
