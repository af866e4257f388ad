/**
 * Keeps a text within a grammar while it is generated: tokens that the grammar does not allow are never
 * chosen.
 *
 * @module
 */
import type { TokenConstraint } from "../../sample/token_text.ts";
import type { Tokenizer } from "../../token/tokenizer.ts";
import { Automaton, type State } from "./automaton.ts";
import type { Grammar } from "./grammar.ts";
import { Vocabulary } from "./token_masks.ts";

/** How a text is kept within a grammar. */
export interface GrammarConstraintOptions {
  readonly tokenizer: Tokenizer;
  /** Tokens that end the text; they are allowed where the grammar may end. */
  readonly ends: ReadonlySet<number>;
  /** Text after which the grammar begins, such as the end of a thought. Default: it begins at once. */
  readonly after?: string | undefined;
  /**
   * Whether special tokens without a text, which the grammar does not speak of, are allowed wherever it may
   * end. Default false: only those of `ends`.
   */
  readonly allowsSpecial?: boolean;
  /** Whether the grammar comes from others, and may be made to take long. Default false. */
  readonly isForeign?: boolean;
}

/**
 * Work that a foreign grammar may cause (see `Automaton`): at first, some 5 s, and for each state whose
 * tokens are asked for, some 0.3 s. A text of a bounded length takes 11,000 ways per token on average.
 */
export const FIRST_WORK = 3_000_000, TOKEN_WORK = 200_000;

/** A grammar for texts of a tokenizer, with what is known of its states: many texts may share it. */
export class TokenGrammar {
  readonly #automaton: Automaton;
  readonly #vocabulary: Vocabulary;
  /** Which tokens each state allows; null: all. */
  readonly #masks = new WeakMap<State, Uint8Array | null>();
  readonly #options: GrammarConstraintOptions;

  /**
   * A grammar for texts of this tokenizer. Throws RangeError for one that no text fits, and
   * GrammarLimitError for a foreign one that takes too long, as its constraints do.
   */
  constructor(grammar: Grammar, options: GrammarConstraintOptions) {
    this.#automaton = new Automaton(grammar, options.isForeign ? FIRST_WORK : Infinity);
    const { accepts, stacks } = this.#automaton.start;
    if (!accepts && stacks.length === 0) throw new RangeError("No text fits this grammar");
    this.#vocabulary = Vocabulary.of(options.tokenizer);
    this.#options = options;
  }

  /** Returns the constraint of a new text. */
  constraint(): TokenConstraint {
    const { after = "", tokenizer } = this.#options;
    // Null before the grammar begins, and once the text has left it through tokens that were forced.
    let state: State | null = after === "" ? this.#automaton.start : null;
    let isWaiting = state === null, last: number[] = [];
    return {
      allowed: () => state === null ? null : this.#mask(state),
      take: (id) => {
        if (isWaiting) {
          last = [...last, id].slice(-AFTER_TOKENS);
          if (!tokenizer.decode(last).trimEnd().endsWith(after)) return;
          isWaiting = false;
          state = this.#automaton.start;
        } else {
          for (const byte of this.#vocabulary.bytesOf(id)) {
            state = state === null ? null : this.#automaton.step(state, byte);
          }
        }
      },
    };
  }

  #mask(state: State): Uint8Array | null {
    const known = this.#masks.get(state);
    if (known !== undefined) return known;
    this.#automaton.allow(TOKEN_WORK);
    const mask = this.#vocabulary.allowed(this.#automaton, state), { ends, allowsSpecial } = this.#options;
    if (state.accepts) {
      for (const id of [...ends, ...allowsSpecial ? this.#vocabulary.special : []]) mask[id] = 1;
    }
    const made = mask.includes(0) ? mask : null;
    this.#masks.set(state, made);
    return made;
  }
}

const AFTER_TOKENS = 16; // more than the tokens of a tag
