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
  /** Whether everything is allowed after the grammar. Default false: the text ends there. */
  readonly isFreeAfter?: boolean;
}

/** A grammar for texts of a tokenizer, with what is known of its states: many texts may share it. */
export class TokenGrammar {
  readonly #automaton: Automaton;
  readonly #vocabulary: Vocabulary;
  readonly #masks = new WeakMap<State, Uint8Array>();
  readonly #options: GrammarConstraintOptions;

  /** A grammar for texts of this tokenizer. Throws RangeError for one that no text fits. */
  constructor(grammar: Grammar, options: GrammarConstraintOptions) {
    this.#automaton = new Automaton(grammar);
    const { accepts, stacks } = this.#automaton.start;
    if (!accepts && stacks.length === 0) throw new RangeError("No text fits this grammar");
    this.#vocabulary = Vocabulary.of(options.tokenizer);
    this.#options = options;
  }

  /** Returns the constraint of a new text. */
  constraint(): TokenConstraint {
    const { after = "", isFreeAfter = false, tokenizer } = this.#options;
    // Null before the grammar begins, and once the text has left it through tokens that were forced.
    let state: State | null = after === "" ? this.#automaton.start : null;
    let isWaiting = state === null, last: number[] = [];
    return {
      allowed: () => state === null || isFreeAfter && state.accepts ? null : this.#mask(state),
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

  #mask(state: State): Uint8Array {
    const known = this.#masks.get(state);
    if (known !== undefined) return known;
    const mask = this.#vocabulary.allowed(this.#automaton, state);
    if (state.accepts) { for (const id of this.#options.ends) mask[id] = 1; }
    this.#masks.set(state, mask);
    return mask;
  }
}

const AFTER_TOKENS = 16; // more than the tokens of a tag
