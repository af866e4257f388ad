/**
 * The grammar of JSON strings that patterns and lengths restrict: all patterns together as one deterministic
 * automaton over characters, whose states become grammars that refer to each other.
 *
 * @module
 */
import { choice, type Grammar, literal, reference, sequence } from "../grammar.ts";
import { characterGrammar, type CodePoints, everyCharacter, union } from "./code_points.ts";
import { END, type Pattern, PatternFault, START } from "./pattern.ts";

/** What a string must be. */
export interface StringForm {
  /** Patterns that all match. */
  readonly patterns: readonly Pattern[];
  /** Least and largest number of characters. */
  readonly min: number;
  readonly max: number;
}

/** A state: for each pattern the nodes that the text so far leads to, and the number of its characters. */
interface State {
  readonly nodes: readonly (readonly number[])[];
  readonly length: number;
  readonly accepts: boolean;
  /** The characters that may follow, by the state to which they lead. */
  readonly next: Map<State, (readonly [number, number])[]>;
  isLive: boolean;
}

/** Number of transitions that may still be made: patterns and lengths together may need ever more. */
export interface StepBudget {
  left: number;
}

/** Returns the grammar. Throws PatternFault if no string fits, and if the automaton exceeds the budget. */
export function patternedString(form: StringForm, budget: StepBudget): Grammar {
  const { start, states } = automatonOf(form, budget);
  markLive(states);
  if (!start.isLive) throw new PatternFault("no text of this length fits it");
  const characters = new Map<string, Grammar>(), grammars = new Map<State, Grammar>();
  const characterOf = (set: CodePoints) => {
    const key = `${set}`, made = characters.get(key) ?? characterGrammar(set);
    characters.set(key, made);
    return made;
  };
  for (const state of states) {
    grammars.set(
      state,
      reference(() =>
        choice(
          ...state.accepts ? [literal("")] : [],
          ...[...state.next].filter(([to]) => to.isLive).map(([to, set]) =>
            sequence(characterOf(union(set)), grammars.get(to)!)
          ),
        )
      ),
    );
  }
  return sequence('"', grammars.get(start)!, '"');
}

function automatonOf(
  { patterns, min, max }: StringForm,
  budget: StepBudget,
): { readonly start: State; readonly states: readonly State[] } {
  const classes = characterClasses(patterns), known = new Map<string, State>(), states: State[] = [];
  const longest = max === Infinity ? Math.max(1, min) : max; // longer texts are all the same
  const stateOf = (nodes: State["nodes"], length: number): State => {
    const key = `${nodes.join(";")} ${length}`, made = known.get(key);
    if (made !== undefined) return made;
    const isMatch = patterns.every((pattern, i) =>
      reached(pattern, nodes[i], { atStart: length === 0, atEnd: true }).includes(END)
    );
    const state = { nodes, length, accepts: isMatch && length >= min, next: new Map(), isLive: false };
    known.set(key, state);
    states.push(state);
    return state;
  };
  const start = stateOf(patterns.map(() => [START]), 0);
  for (const state of states) {
    if (state.length === max) continue;
    const open = state.nodes.map((nodes, i) =>
      reached(patterns[i], nodes, { atStart: state.length === 0, atEnd: false })
    );
    for (const range of classes) {
      if (budget.left-- <= 0) throw new PatternFault("it needs too many states: shorten it, or maxLength");
      const nodes = open.map((all, i) => after(patterns[i], all, range[0]));
      if (nodes.some(({ length }) => length === 0)) continue;
      const to = stateOf(nodes, Math.min(state.length + 1, longest));
      const set = state.next.get(to) ?? [];
      state.next.set(to, set);
      set.push(range);
    }
  }
  return { start, states };
}

/** Returns ranges of characters none of which any pattern tells apart. */
function characterClasses(patterns: readonly Pattern[]): CodePoints {
  const cuts = new Set(everyCharacter.flatMap(([first, last]) => [first, last + 1]));
  for (const { reads } of patterns.flat()) {
    for (const [first, last] of reads.flatMap(({ set }) => set)) cuts.add(first).add(last + 1);
  }
  const sorted = [...cuts].sort((a, b) => a - b);
  return sorted.slice(0, -1).map((first, i) => [first, sorted[i + 1] - 1] as const)
    .filter(([first]) => everyCharacter.some(([low, high]) => first >= low && first <= high));
}

/** Returns the nodes that are reached without reading; the last one alone where it is: all texts fit then. */
function reached(
  pattern: Pattern,
  nodes: readonly number[],
  { atStart, atEnd }: { readonly atStart: boolean; readonly atEnd: boolean },
): readonly number[] {
  const seen = new Set(nodes);
  for (const node of seen) {
    const { free, atStart: first, atEnd: last } = pattern[node];
    for (const to of [...free, ...atStart ? first : [], ...atEnd ? last : []]) seen.add(to);
  }
  return seen.has(END) ? [END] : [...seen];
}

/** Returns the nodes after a character. */
function after(pattern: Pattern, nodes: readonly number[], point: number): readonly number[] {
  const to = new Set<number>();
  for (const node of nodes) {
    for (const edge of pattern[node].reads) {
      if (edge.set.some(([first, last]) => point >= first && point <= last)) to.add(edge.to);
    }
  }
  return [...to].sort((a, b) => a - b);
}

/** Marks the states from which a string can end: the others are dead ends. */
function markLive(states: readonly State[]): void {
  const before = new Map<State, State[]>();
  for (const state of states) {
    for (const to of state.next.keys()) before.set(to, [...before.get(to) ?? [], state]);
  }
  const live = states.filter(({ accepts }) => accepts);
  for (const state of live) state.isLive = true;
  for (const state of live) {
    for (const from of before.get(state) ?? []) {
      if (from.isLive) continue;
      from.isLive = true;
      live.push(from);
    }
  }
}
