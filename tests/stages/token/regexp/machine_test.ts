import { deepStrictEqual, ok, strictEqual, throws } from "node:assert/strict";
import { uniformAt } from "../../../../kernels/random/philox.ts";
import { compileRegExp } from "../../../../stages/token/regexp/compile.ts";
import { Machine } from "../../../../stages/token/regexp/machine.ts";
import { type ParseOptions, parseRegExp } from "../../../../stages/token/regexp/parse.ts";
import {
  GPT2_SPELLINGS,
  GPT4_SPELLINGS,
  O200K_SPELLINGS,
  patternRegExp,
} from "../../../../stages/token/split/patterns.ts";
import { randomText } from "../random_text.ts";

function machine(source: string, options: ParseOptions = {}): Machine {
  return new Machine(compileRegExp(parseRegExp(source, options)));
}

function matches(source: string, text: string, options: ParseOptions = {}): string[] {
  return Array.from(machine(source, options).matches(text), ([start, end]) => text.slice(start, end));
}

Deno.test("matches() gives what Oniguruma gives", () => {
  // Values of the Python package tokenizers 0.23.3, which uses Oniguruma.
  const cases: readonly [string, string, readonly string[]][] = [
    ["\\p{N}{1,3}+", "a12345", ["12345"]], // a repeated count, not a possessive one
    ["\\p{N}++\\d", "a12345", []],
    ["a+$", "aa\naa", ["aa", "aa"]],
    ["^a", "aa\naa", ["a", "a"]],
    [".+", "aa\r\nb\u2028c", ["aa\r", "b\u2028c"]],
    ["x*", "axxb", ["", "xx", ""]],
    ["\\w+", "a_\u0301\u203F\u200D\u00B2\u2160x", ["a_\u0301\u203F", "\u00B2\u2160x"]],
    ["(?i:'s|k)", "a'\u017F \u212A K", ["'\u017F", "\u212A", "K"]],
    ["[[:punct:]]", "a$+.\u00A1\u00A7`", ["$", "+", ".", "\u00A1", "\u00A7", "`"]],
    ["[a-z&&[^b]]+", "abc", ["a", "c"]],
    ["\\h+", "xyz12ag", ["12a"]],
    ["a{,3}b", "aab", ["aab"]],
    ["a{b", "a{b", ["a{b"]],
    ["(?<=ab|c)x", "abxcxdx", ["x", "x"]],
    ["x(?i)a|b", "xAXB", ["xA"]],
    ["[\\p{Han}\\p{Hiragana}]+", "a\u4E2D\u3042", ["\u4E2D\u3042"]],
    ["(?>a|ab)c", "abcac", ["ac"]],
    ["a(?#note)b", "ab", ["ab"]],
  ];
  for (const [source, text, found] of cases) deepStrictEqual(matches(source, text), found, source);
  deepStrictEqual(matches("\\p{N}{1,3}+", "a12345", { possessiveCounts: true }), ["123", "45"]);
});

Deno.test("matches() agrees with JavaScript on the published patterns", () => {
  for (const source of [...GPT2_SPELLINGS, ...GPT4_SPELLINGS, ...O200K_SPELLINGS]) {
    const own = machine(source, { possessiveCounts: true }), native = patternRegExp(`(?:${source})`);
    for (let trial = 0; trial < 300; trial++) {
      const text = randomText(trial),
        found = Array.from(own.matches(text), ([start, end]) => text.slice(start, end));
      deepStrictEqual(found, [...text.match(native) ?? []], JSON.stringify(text));
    }
  }
});

Deno.test("matches() agrees with JavaScript on 1,500 random expressions, with and without a record of failures", () => {
  for (let trial = 0; trial < 1500; trial++) {
    const source = randomExpression(trial), program = compileRegExp(parseRegExp(source));
    const native = new RegExp(source, "gu"), length = Math.floor(uniformAt(5, "length", trial) * 14);
    const text = Array.from({ length }, (_, i) => "abc"[Math.floor(uniformAt(5, `text ${trial}`, i) * 3)])
      .join("");
    for (const record of [false, true]) {
      const found = Array.from(
        new Machine(program, { record }).matches(text),
        ([start, end]) => `${start}-${end}`,
      );
      deepStrictEqual(found, nativeMatches(native, text), `${source} on ${JSON.stringify(text)}`);
    }
  }
});

/**
 * A random expression whose repeated parts are never empty, because JavaScript treats those in its own way.
 */
function randomExpression(trial: number): string {
  let draws = 0;
  const pick = <T>(choices: readonly T[]): T =>
    choices[Math.floor(uniformAt(6, `re ${trial}`, draws++) * choices.length)];
  const atom = (depth: number): string =>
    depth === 0 ? pick(["a", "b", "[ab]", "[^a]", "c"]) : pick([
      () => "a",
      () => "[^a]",
      () => "[bc]",
      () => `(?:${options(depth - 1)})`,
      () => `(?=${options(depth - 1)})`,
      () => `(?!${options(depth - 1)})`,
      () => "(?<=a|bc)",
    ])();
  const repeated = (part: string): string =>
    new RegExp(part).test("") || /\(\?[=!<]/.test(part)
      ? part
      : part + pick(["", "", "*", "+", "?", "{1,2}", "*?", "+?"]);
  const sequence = (depth: number): string =>
    Array.from({ length: pick([1, 2, 3]) }, () => repeated(atom(depth))).join("");
  const options = (depth: number): string =>
    Array.from({ length: pick([1, 2]) }, () => sequence(depth)).join("|");
  return options(2);
}

function nativeMatches(native: RegExp, text: string): string[] {
  const found: string[] = [];
  for (let at = 0, lastEnd = -1; at <= text.length;) {
    native.lastIndex = at;
    const match = native.exec(text);
    if (match === null) break;
    const start = match.index, end = start + match[0].length;
    if (start === end && end === lastEnd) {
      at = end + 1;
      continue;
    }
    found.push(`${start}-${end}`);
    at = lastEnd = end;
  }
  return found;
}

Deno.test("matches() reads a text of many equal characters a bounded number of times", () => {
  const sources = [
    "(a+)+$",
    "(a+)+b",
    "(a|a)*b",
    "a*b|a",
    "(a*)*b",
    "(?=(?:aa)*b)a",
    "a+?b|a",
    "(?>a+)b|a",
    "a*a*a*a*c",
  ];
  for (const source of sources) {
    // Throws RangeError where the number of steps is not proportional to the text's length.
    const found = matches(source, "a".repeat(20_000)).length;
    strictEqual(found, source.endsWith("|a") ? 20_000 : source.endsWith("$") ? 1 : 0, source);
  }
});

Deno.test("parseRegExp() refuses what cannot be matched in linear time, and malformed expressions", () => {
  for (
    const [source, message] of [
      ["(a)\\1", /\\1 is not supported/],
      ["(?<n>a)\\k<n>", /\\k is not supported/],
      ["(a", /expected \)/],
      ["a)", /a group ends that did not begin/],
      ["*a", /\* has nothing to repeat/],
      ["[a", /expected \]/],
      ["[b-a]", /a range of a class ends before it begins/],
      ["\\p{Nothing}", /the property Nothing is not known/],
      ["a{2000}", /at most 1000/],
      ["(?<=a+)b", /without limit/],
      ["a\\", /ends with \\/],
      [`${"(".repeat(200)}a${")".repeat(200)}`, /more than 100 groups/],
      ["(?:(?:(?:ab){1000}){1000}){1000}", /more than 20000 parts/],
    ] as const
  ) {
    throws(
      () => machine(source),
      (error) => error instanceof SyntaxError && message.test(error.message),
      source,
    );
  }
  ok(machine("a"));
});
