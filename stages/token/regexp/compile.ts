/**
 * Compiles a parsed regular expression to instructions for `Machine`.
 *
 * @module
 */
import type { CharSet } from "./char_set.ts";
import type { Greed, Node, Place } from "./parse.ts";

/** Kinds of instructions. */
export const MATCH = 0, SET = 1, SPLIT = 2, JUMP = 3, SPAN = 4, LOOK = 5, ATOMIC = 6, PLACE = 7;

/** One instruction; which fields are used depends on its kind. */
export interface Instruction {
  readonly op: number;
  /** SET, SPAN: characters. */
  readonly set: CharSet | null;
  /** SPLIT: target to try first. JUMP: target. LOOK, ATOMIC: instruction after the body. */
  next: number;
  /** SPLIT: target to try second. */
  other: number;
  /** SPAN: least and greatest number of characters. */
  readonly min: number;
  readonly max: number;
  readonly greed: Greed;
  /** LOOK: whether the body must not match. */
  readonly negated: boolean;
  /** LOOK: number of characters before the place at which the body begins; each is tried. */
  readonly back: readonly number[];
  readonly place: Place | null;
  /** SPLIT, SPAN: index among those of its kind. */
  readonly index: number;
}

/** A compiled expression. */
export interface Program {
  readonly code: readonly Instruction[];
  readonly splits: number;
  readonly spans: number;
  /** Whether a group that may be empty is repeated without limit. */
  readonly emptyLoops: boolean;
}

const LONGEST = 20_000; // instructions

/** Compiles an expression. Throws SyntaxError if it becomes too long, or looks behind by varying lengths. */
export function compileRegExp(node: Node): Program {
  return new Compiler().whole(node);
}

class Compiler {
  readonly #code: Instruction[] = [];
  #splits = 0;
  #spans = 0;
  #emptyLoops = false;

  whole(node: Node): Program {
    this.#node(node);
    this.#add({ op: MATCH });
    return { code: this.#code, splits: this.#splits, spans: this.#spans, emptyLoops: this.#emptyLoops };
  }

  #add(fields: Partial<Instruction> & { readonly op: number }): Instruction {
    if (this.#code.length === LONGEST) {
      throw new SyntaxError(`Cannot read the regular expression: it has more than ${LONGEST} parts`);
    }
    const made: Instruction = {
      set: null,
      next: 0,
      other: 0,
      min: 0,
      max: 0,
      greed: "greedy",
      negated: false,
      back: [],
      place: null,
      index: 0,
      ...fields,
    };
    this.#code.push(made);
    return made;
  }

  #split(): Instruction {
    return this.#add({ op: SPLIT, index: this.#splits++ });
  }

  #node(node: Node): void {
    switch (node.kind) {
      case "set":
        this.#add({ op: SET, set: node.set });
        return;
      case "place":
        this.#add({ op: PLACE, place: node.place });
        return;
      case "sequence":
        for (const part of node.parts) this.#node(part);
        return;
      case "choice":
        return this.#choice(node.options);
      case "repeat":
        return this.#repeat(node);
      case "atomic":
        return this.#body({ op: ATOMIC }, node.body);
      case "look":
        return this.#body(
          { op: LOOK, negated: node.negated, back: node.behind ? lengths(node.body) : [0] },
          node.body,
        );
    }
  }

  #body(fields: Partial<Instruction> & { readonly op: number }, body: Node): void {
    const made = this.#add(fields);
    this.#node(body);
    this.#add({ op: MATCH });
    made.next = this.#code.length;
  }

  #choice(options: readonly Node[]): void {
    const ends: Instruction[] = [];
    options.forEach((option, i) => {
      if (i === options.length - 1) return this.#node(option);
      const split = this.#split();
      split.next = this.#code.length;
      this.#node(option);
      ends.push(this.#add({ op: JUMP }));
      split.other = this.#code.length;
    });
    for (const end of ends) end.next = this.#code.length;
  }

  #repeat(node: Extract<Node, { kind: "repeat" }>): void {
    const { body, min, max, greed } = node;
    if (body.kind === "set") {
      this.#add({ op: SPAN, set: body.set, min, max, greed, index: this.#spans++ });
      return;
    }
    if (greed === "possessive") {
      return this.#body({ op: ATOMIC }, { ...node, greed: "greedy" });
    }
    for (let i = 0; i < min; i++) this.#node(body);
    if (max === Infinity) {
      if (isNullable(body)) this.#emptyLoops = true;
      const start = this.#code.length, split = this.#split();
      const inside = this.#code.length;
      this.#node(body);
      this.#add({ op: JUMP, next: start });
      this.#branch(split, { inside, after: this.#code.length, greed });
      return;
    }
    const splits: [Instruction, number][] = [];
    for (let i = min; i < max; i++) {
      const split = this.#split();
      splits.push([split, this.#code.length]);
      this.#node(body);
    }
    for (const [split, inside] of splits) this.#branch(split, { inside, after: this.#code.length, greed });
  }

  #branch(
    split: Instruction,
    { inside, after, greed }: { readonly inside: number; readonly after: number; readonly greed: Greed },
  ): void {
    split.next = greed === "lazy" ? after : inside;
    split.other = greed === "lazy" ? inside : after;
  }
}

/** Returns whether a part can match the empty text. */
export function isNullable(node: Node): boolean {
  switch (node.kind) {
    case "set":
      return false;
    case "place":
    case "look":
      return true;
    case "sequence":
      return node.parts.every(isNullable);
    case "choice":
      return node.options.some(isNullable);
    case "repeat":
      return node.min === 0 || isNullable(node.body);
    case "atomic":
      return isNullable(node.body);
  }
}

/** Returns the numbers of characters that a part can match. Throws SyntaxError if there is no limit. */
function lengths(node: Node): number[] {
  switch (node.kind) {
    case "set":
      return [1];
    case "place":
    case "look":
      return [0];
    case "choice":
      return distinct(node.options.flatMap(lengths));
    case "atomic":
      return lengths(node.body);
    case "sequence":
      return node.parts.reduce((sums, part) => sumsOf(sums, lengths(part)), [0]);
    case "repeat": {
      if (node.max === Infinity) {
        throw new SyntaxError(
          "Cannot read the regular expression: it looks behind by a length without limit",
        );
      }
      const one = lengths(node.body), all: number[] = [];
      let sums = [0];
      for (let count = 0; count <= node.max; count++) {
        if (count >= node.min) all.push(...sums);
        sums = sumsOf(sums, one);
      }
      return distinct(all);
    }
  }
}

function sumsOf(a: readonly number[], b: readonly number[]): number[] {
  return distinct(a.flatMap((x) => b.map((y) => x + y)));
}

function distinct(values: readonly number[]): number[] {
  const out = [...new Set(values)];
  if (out.length > 100) {
    throw new SyntaxError("Cannot read the regular expression: it looks behind by more than 100 lengths");
  }
  return out;
}
