/**
 * Regular expressions of ECMAScript, as JSON schemas have them, as nondeterministic automata over characters.
 *
 * @module
 */
import { type AST, RegExpParser } from "@eslint-community/regexpp";
import { type CodePoints, complement, everyCharacter, intersection, union } from "./code_points.ts";

/** A node of an automaton. Its edges name the nodes that they lead to. */
export interface PatternNode {
  /** Edges that read a character. */
  readonly reads: { readonly set: CodePoints; readonly to: number }[];
  /** Edges that read nothing. */
  readonly free: number[];
  /** Edges that read nothing and are open at the beginning of the text alone. */
  readonly atStart: number[];
  /** Edges that read nothing and are open at the end of the text alone. */
  readonly atEnd: number[];
}

/** The automaton of a pattern: texts that lead from node 0 to node 1 contain a match. */
export type Pattern = readonly PatternNode[];

/** A pattern that no such automaton describes, or a malformed one. */
export class PatternFault extends TypeError {}

/** Longest pattern in characters, and most nodes: `a{9999}{9999}` would have ever more. */
const LONGEST = 1000, MOST_NODES = 5000;

/** The nodes in which every text begins, and ends. */
export const START = 0, END = 1;

/**
 * Returns the automaton of a pattern, which may match anywhere in a text. Throws PatternFault for one that is
 * malformed, and for lookaround, word boundaries, backreferences and Unicode properties.
 */
export function patternOf(source: string): Pattern {
  if (source.length > LONGEST) throw new PatternFault(`it has more than ${LONGEST} characters`);
  const nodes = new Nodes(), anything = { set: everyCharacter };
  nodes.all[START].reads.push({ ...anything, to: START });
  nodes.all[END].reads.push({ ...anything, to: END });
  const first = nodes.add();
  nodes.all[START].free.push(first);
  nodes.all[nodes.alternatives(parsed(source).alternatives, first)].free.push(END);
  return nodes.all;
}

function parsed(source: string): AST.Pattern {
  const parser = new RegExpParser();
  try {
    return parser.parsePattern(source, 0, source.length, { unicode: true });
  } catch {
    // Patterns of other languages may escape signs such as "-", which this mode allows.
  }
  try {
    return parser.parsePattern(source);
  } catch (cause) {
    throw new PatternFault("it is no regular expression", { cause });
  }
}

class Nodes {
  readonly all: PatternNode[] = [];

  constructor() {
    this.add();
    this.add();
  }

  add(): number {
    if (this.all.length === MOST_NODES) throw new PatternFault("it repeats too much");
    return this.all.push({ reads: [], free: [], atStart: [], atEnd: [] }) - 1;
  }

  /** Adds an expression that begins at a node. Returns the node in which it ends. */
  alternatives(all: readonly AST.Alternative[], from: number): number {
    const ends = all.map(({ elements }) =>
      elements.reduce((at, element) => this.#element(element, at), from)
    );
    const end = this.add();
    for (const each of ends) this.all[each].free.push(end);
    return end;
  }

  #element(element: AST.Element, from: number): number {
    switch (element.type) {
      case "Character":
        return this.#read([[element.value, element.value]], from);
      case "CharacterSet":
      case "CharacterClass":
        return this.#read(setOf(element), from);
      case "CapturingGroup":
        return this.alternatives(element.alternatives, from);
      case "Group":
        if (element.modifiers !== null) throw new PatternFault("groups cannot have modifiers");
        return this.alternatives(element.alternatives, from);
      case "Quantifier":
        return this.#repeat(element, from);
      case "Assertion":
        return this.#assert(element, from);
    }
    throw new PatternFault(`${element.raw.slice(0, 20)} is not supported`);
  }

  #read(set: CodePoints, from: number): number {
    const to = this.add();
    this.all[from].reads.push({ set, to });
    return to;
  }

  #assert({ kind, raw }: AST.Assertion, from: number): number {
    if (kind !== "start" && kind !== "end") throw new PatternFault(`${raw.slice(0, 20)} is not supported`);
    const to = this.add();
    this.all[from][kind === "start" ? "atStart" : "atEnd"].push(to);
    return to;
  }

  #repeat({ element, min, max }: AST.Quantifier, from: number): number {
    let at = from;
    for (let i = 0; i < min; i++) at = this.#element(element, at);
    if (max === Infinity) {
      const loop = this.add();
      this.all[at].free.push(loop);
      this.all[this.#element(element, loop)].free.push(loop);
      return loop;
    }
    const end = this.add();
    for (let i = min; i < max; i++) {
      this.all[at].free.push(end);
      at = this.#element(element, at);
    }
    this.all[at].free.push(end);
    return end;
  }
}

const digits: CodePoints = [[0x30, 0x39]];
const words: CodePoints = [[0x30, 0x39], [0x41, 0x5a], [0x5f, 0x5f], [0x61, 0x7a]];
const lineEnds: CodePoints = [[0x0a, 0x0a], [0x0d, 0x0d], [0x2028, 0x2029]];
const spaces: CodePoints = union([
  ...lineEnds,
  [0x09, 0x0d],
  ...[0x20, 0xa0, 0x1680, 0x202f, 0x205f, 0x3000, 0xfeff].map((point) => [point, point] as const),
  [0x2000, 0x200a],
]);

/** Returns the characters of `.`, `\d`, `[a-z]` and their like. */
function setOf(element: AST.CharacterSet | AST.CharacterClass): CodePoints {
  if (element.type === "CharacterClass") {
    const set = union(element.elements.flatMap((each): CodePoints => {
      if (each.type === "Character") return [[each.value, each.value]];
      if (each.type === "CharacterClassRange") return [[each.min.value, each.max.value]];
      if (each.type === "CharacterSet") return setOf(each);
      throw new PatternFault(`${each.raw.slice(0, 20)} is not supported`);
    }));
    return element.negate ? complement(set) : intersection(set, everyCharacter);
  }
  switch (element.kind) {
    case "any":
      return complement(lineEnds);
    case "digit":
      return element.negate ? complement(digits) : digits;
    case "word":
      return element.negate ? complement(words) : words;
    case "space":
      return element.negate ? complement(spaces) : spaces;
  }
  throw new PatternFault(`${element.raw.slice(0, 20)} is not supported`);
}
