import { deepStrictEqual, strictEqual } from "node:assert/strict";
import { mutated, mutationsOf } from "./operators.ts";
import { mutantsOf, sample } from "./sample.ts";

const source = `
export class Range {
  constructor(readonly from: number, private to = 9) {}
  async has(x: number | 0): Promise<boolean> {
    if (x < this.from && x > 1) return true;
    await this.note(x + 2);
    while (x !== 3) x = x * 4;
    throw new RangeError("No " + (5 > 6));
  }
}
`;

Deno.test("mutationsOf() finds each kind of fault, and leaves types and the texts of errors alone", () => {
  const found = Map.groupBy(mutationsOf(source), ({ operator }) => operator);
  deepStrictEqual(
    [...found].map(([operator, mutations]) => [
      operator,
      mutations.map(({ start, end, replacement }) => `${source.slice(start, end)} → ${replacement}`),
    ]),
    [
      ["boundary", [
        "9 → 10",
        "9 → 8",
        "1 → 2",
        "1 → 0",
        "2 → 3",
        "2 → 1",
        "3 → 4",
        "3 → 2",
        "4 → 5",
        "4 → 3",
      ]],
      ["negation", ["x < this.from && x > 1 → !(x < this.from && x > 1)", "x !== 3 → !(x !== 3)"]],
      ["comparison", ["< → <=", "> → >=", "!== → ==="]],
      ["logic", ["&& → ||"]],
      ["boolean", ["true → false"]],
      ["await", ["await this.note(x + 2) → this.note(x + 2)"]],
      ["removal", ["await this.note(x + 2); → ;", "x = x * 4; → ;"]],
      ["arithmetic", ["+ → -", "* → /"]],
    ],
  );
});

Deno.test("mutated() changes one place", () => {
  const [first] = mutationsOf("let a = 1;\n");
  strictEqual(mutated("let a = 1;\n", first), "let a = 2;\n");
});

Deno.test("sample() chooses the same mutants after lines were added elsewhere, and others for another seed", () => {
  const names = (text: string, seed: number) =>
    sample(mutantsOf("a.ts", text), { seed, count: 5 }).map(({ id }) => id);
  deepStrictEqual(names(`// one line more\n${source}`, 1), names(source, 1));
  strictEqual(names(source, 1).join() === names(source, 2).join(), false);
  strictEqual(new Set(mutantsOf("a.ts", source).map(({ id }) => id)).size, mutationsOf(source).length);
});
