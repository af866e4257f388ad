import { deepStrictEqual, strictEqual } from "node:assert/strict";
import { nearest, parseArgs } from "../../../pipelines/cli/args.ts";

const options = { string: ["steps", "prompt", "source", "lr"], boolean: ["quiet", "color"] };
const parsed = (...args: string[]) => {
  const { values, flags, ...rest } = parseArgs(args, options);
  return { ...rest, values: Object.fromEntries(values), flags: Object.fromEntries(flags) };
};
const nothing = { positional: [], unknown: [], missing: [], values: {}, flags: {} };

Deno.test("parseArgs() reads values after a space and after =, and flags with and without no-", () => {
  deepStrictEqual(parsed("--steps", "5", "--prompt=a=b c", "--quiet", "--no-color"), {
    ...nothing,
    values: { steps: ["5"], prompt: ["a=b c"] },
    flags: { quiet: true, color: false },
  });
  deepStrictEqual(parsed(), nothing);
});

Deno.test("parseArgs() collects a repeated option in order", () => {
  deepStrictEqual(parsed("--source", "a", "--source=b").values, { source: ["a", "b"] });
});

Deno.test("parseArgs() reads negative numbers and - as values, but not an option", () => {
  deepStrictEqual(parsed("--lr", "-1e-3", "--source", "-").values, { lr: ["-1e-3"], source: ["-"] });
  deepStrictEqual(parsed("--lr", "--quiet"), { ...nothing, missing: ["lr"], flags: { quiet: true } });
  deepStrictEqual(parsed("--steps").missing, ["steps"]);
  deepStrictEqual(parsed("--prompt=").values, { prompt: [""] });
});

Deno.test("parseArgs() reports unknown options and arguments", () => {
  deepStrictEqual(parsed("--steeps", "5").unknown, ["steeps"]);
  deepStrictEqual(parsed("-x").unknown, ["x"]);
  deepStrictEqual(parsed("--__proto__=1", "--steps=2").values, { steps: ["2"] });
  deepStrictEqual(parsed("word").positional, ["word"]);
  deepStrictEqual(parsed("--quiet=maybe").values, { quiet: ["maybe"] });
});

Deno.test("nearest() finds a misspelt name, and nothing for an unrelated word", () => {
  strictEqual(nearest("steeps", ["steps", "layers"]), "steps");
  strictEqual(nearest("sedd", ["seed", "steps"]), "seed");
  strictEqual(nearest("check", ["checkpoint-every", "lr"]), "checkpoint-every");
  strictEqual(nearest("banana", ["steps", "layers"]), null);
  strictEqual(nearest("x", []), null);
});
