/**
 * Reads texts byte by byte along a grammar. The states of the pushdown automaton are made when they are first
 * reached and kept, with their transitions, so that most steps are a look into a table.
 *
 * @module
 */
import type { Grammar } from "./grammar.ts";

/** What is to be read: a grammar, and then the rest. Null: nothing. */
interface Stack {
  readonly id: number;
  readonly grammar: Grammar;
  readonly rest: Stack | null;
}

/** A state: all ways in which the text so far can go on. */
export interface State {
  /** Whether the text may end here. */
  readonly accepts: boolean;
  /** Ways to go on, each with a byte on top. */
  readonly stacks: readonly Stack[];
  /** The state after each byte; null: the byte is not allowed; undefined: not yet known. */
  readonly next: (State | null | undefined)[];
}

/** A grammar with so many ways to go on that reading along it would hold up everything else. */
export class GrammarLimitError extends RangeError {
  override readonly name: string = "GrammarLimitError";
}

/** Most states that are kept; deeply nested texts would make ever more. */
const MOST_STATES = 5000;

/** The automaton of a grammar. */
export class Automaton {
  /** The state before the first byte. */
  readonly start: State;
  readonly #grammars = new Map<Grammar, number>();
  readonly #counted = new Map<string, Grammar>();
  #stacks = new Map<string, Stack>();
  #states = new Map<string, State>();
  #ids = 0;
  #work: number;

  /**
   * The automaton of this grammar. `work` is the number of ways to go on that may be followed to make its
   * states, some 2 µs each; default: unlimited. Throws GrammarLimitError, as `step` does, for more.
   */
  constructor(grammar: Grammar, work = Infinity) {
    this.#work = work;
    this.start = this.#stateOf([this.#push(grammar, null)]);
  }

  /** Allows more work. */
  allow(work: number): void {
    this.#work += work;
  }

  /** Returns the state after a byte; null if the grammar does not allow it. */
  step(state: State, byte: number): State | null {
    const known = state.next[byte];
    if (known !== undefined) return known;
    const after = state.stacks.filter(({ grammar }) => grammar.kind === "byte" && grammar.has[byte] === 1);
    return state.next[byte] = after.length === 0 ? null : this.#stateOf(after.map(({ rest }) => rest));
  }

  #stateOf(tops: readonly (Stack | null)[]): State {
    const stacks = new Map<number, Stack>(), seen = new Set<number>();
    let accepts = false;
    const expand = (stack: Stack | null): void => {
      if (stack === null) {
        accepts = true;
        return;
      }
      if (seen.has(stack.id)) return;
      seen.add(stack.id);
      const { grammar, rest } = stack;
      switch (grammar.kind) {
        case "byte":
          stacks.set(stack.id, stack);
          return;
        case "sequence":
          return expand(grammar.items.reduceRight<Stack | null>((all, item) => this.#push(item, all), rest));
        case "choice":
          for (const item of grammar.items) expand(this.#push(item, rest));
          return;
        case "repeat":
          if (grammar.max > 0) expand(this.#push(grammar.item, this.#push(this.#once(grammar), rest)));
          if (grammar.min === 0) expand(rest);
          return;
        case "reference":
          expand(this.#push(grammar.get(), rest));
      }
    };
    for (const top of tops) expand(top);
    this.#work -= seen.size;
    if (this.#work < 0) throw new GrammarLimitError("A grammar has too many ways to go on");
    const key = `${accepts}${[...stacks.keys()].sort((a, b) => a - b)}`, known = this.#states.get(key);
    if (known !== undefined) return known;
    const state: State = { accepts, stacks: [...stacks.values()], next: [] };
    if (this.#states.size >= MOST_STATES) {
      this.#states = new Map(); // states that are in use stay with those who use them
      this.#stacks = new Map();
    }
    this.#states.set(key, state);
    return state;
  }

  /** Returns what is left of a repetition after one. */
  #once(grammar: Grammar & { readonly kind: "repeat" }): Grammar {
    const { item, min, max } = grammar;
    if (min === 0 && max === Infinity) return grammar;
    const left = { kind: "repeat", item, min: Math.max(0, min - 1), max: max - 1 } as const;
    const key = `${this.#idOf(item)} ${left.min} ${left.max}`, known = this.#counted.get(key);
    if (known === undefined) this.#counted.set(key, left);
    return known ?? left;
  }

  #push(grammar: Grammar, rest: Stack | null): Stack {
    const key = `${this.#idOf(grammar)} ${rest?.id ?? ""}`, known = this.#stacks.get(key);
    if (known !== undefined) return known;
    const stack = { id: this.#ids++, grammar, rest };
    this.#stacks.set(key, stack);
    return stack;
  }

  #idOf(grammar: Grammar): number {
    const known = this.#grammars.get(grammar);
    if (known !== undefined) return known;
    this.#grammars.set(grammar, this.#grammars.size);
    return this.#grammars.size - 1;
  }
}
