/**
 * A calculator: numbers, + − * /, brackets and `'text'.count('letters')`, as nanochat's tool has them. It is
 * a parser of its own, so that it cannot do anything else and cannot hang.
 *
 * @module
 */
import type { Tool } from "./tool.ts";

/** Deepest nesting of brackets. */
const MAX_DEPTH = 100;
/** Longest expression in characters. */
const MAX_LENGTH = 1000;

/** Returns the calculator. */
export function calculator(): Tool {
  return {
    name: "calculator",
    about: "Calculates an expression of numbers, + - * / and brackets, or 'text'.count('letters').",
    argument: "expression",
    takesCode: true,
    run: (code) => {
      const result = calculate(code);
      return result === null ? { error: "not an expression" } : { output: String(result) };
    },
  };
}

/**
 * Returns the value of an expression; null if it is none or has no finite value. Numbers are written as
 * JavaScript has them: 10/5 is 2, as in the solutions of GSM8K, where Python has 2.0.
 */
export function calculate(text: string): number | null {
  const counted = /^\s*(['"])([\w ]*)\1\.count\(\s*(['"])([\w ]+)\3\s*\)\s*$/.exec(text);
  if (counted !== null) return counted[2].split(counted[4]).length - 1;
  const source = text.replaceAll(",", "");
  if (source.length > MAX_LENGTH || source.includes("**") || !/^[\d*+\-/.() \n]+$/.test(source)) return null;
  const value = new Parser(source).whole();
  return value !== null && Number.isFinite(value) ? value : null;
}

class Parser {
  #at = 0;
  #depth = 0;
  readonly #tokens: readonly string[];

  constructor(source: string) {
    this.#tokens = source.match(/\d+\.?\d*|\.\d+|[*+\-/()]|[^\s]/g) ?? [];
  }

  whole(): number | null {
    const value = this.#sum();
    return this.#at === this.#tokens.length ? value : null;
  }

  #sum(): number | null {
    let left = this.#product();
    while (left !== null && /^[+-]$/.test(this.#tokens[this.#at] ?? "")) {
      const operator = this.#tokens[this.#at++], right = this.#product();
      left = right === null ? null : operator === "+" ? left + right : left - right;
    }
    return left;
  }

  #product(): number | null {
    let left = this.#signed();
    while (left !== null && /^[*/]$/.test(this.#tokens[this.#at] ?? "")) {
      const operator = this.#tokens[this.#at++], right = this.#signed();
      left = right === null ? null : operator === "*" ? left * right : left / right;
    }
    return left;
  }

  #signed(): number | null {
    let sign = 1;
    while (/^[+-]$/.test(this.#tokens[this.#at] ?? "")) if (this.#tokens[this.#at++] === "-") sign = -sign;
    const value = this.#atom();
    return value === null ? null : sign * value;
  }

  #atom(): number | null {
    const token = this.#tokens[this.#at++] ?? "";
    if (token !== "(") return /^[\d.]+$/.test(token) && token !== "." ? Number(token) : null;
    if (++this.#depth > MAX_DEPTH) return null;
    const value = this.#sum();
    this.#depth--;
    return this.#tokens[this.#at++] === ")" ? value : null;
  }
}
