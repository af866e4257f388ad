/**
 * Reads fields of a JSON document with checks. Each message names the file, the field, what it is and what
 * was expected.
 *
 * @module
 */
import { isRecord } from "../../../stages/disk/json.ts";
import { UsageError } from "../../../stages/run/usage_error.ts";

/** The numbers that a field may have. */
export interface NumberBounds {
  /** Smallest allowed value. Default: any number above 0. */
  readonly min?: number;
  /** Largest allowed value. Default 1e15. */
  readonly max?: number;
  /** Whether it must be a whole number. Default false. */
  readonly whole?: boolean;
}

/** An object of a JSON document. */
export class Fields {
  readonly #values: Readonly<Record<string, unknown>>;
  readonly #file: string;
  readonly #where: string;

  /** Throws UsageError unless `value` is an object. `where` is its place in the file: "peak". */
  constructor(value: unknown, file: string, where: string = "") {
    this.#file = file;
    this.#where = where;
    if (!isRecord(value)) throw this.#wrong(null, value, "an object");
    this.#values = value;
  }

  /** Names of the object's fields. */
  get names(): readonly string[] {
    return Object.keys(this.#values);
  }

  /** Returns whether the object has a field. */
  has(name: string): boolean {
    return Object.hasOwn(this.#values, name);
  }

  /** Throws UsageError if the object has a field that is not in `names`. */
  only(names: readonly string[]): void {
    const unknown = this.names.find((name) => !names.includes(name));
    if (unknown === undefined) return;
    throw new UsageError(
      `Cannot use ${this.#file}: unknown field ${this.#path(unknown)}: expected ${names.join(", ")}`,
    );
  }

  /** Returns a field that is an object. */
  object(name: string): Fields {
    return new Fields(this.#values[name], this.#file, this.#path(name));
  }

  /** Returns a field that is a list of objects, of at most 1,000. */
  objects(name: string): readonly Fields[] {
    return this.#list(name).map((value, i) => new Fields(value, this.#file, `${this.#path(name)}[${i}]`));
  }

  /** Returns a field that is a list of texts, of at most 1,000. */
  texts(name: string): readonly string[] {
    return this.#list(name).map((value, i) => {
      if (typeof value === "string") return value;
      throw this.#wrong(`${name}[${i}]`, value, "a text");
    });
  }

  /** Returns a field that is a text of 1 to 1,000 characters. */
  text(name: string): string {
    const value = this.#values[name];
    if (typeof value === "string" && value.trim() !== "" && value.length <= 1000) return value;
    throw this.#wrong(name, value, "a text of 1 to 1,000 characters");
  }

  /** Returns a field that is true or false. */
  flag(name: string): boolean {
    const value = this.#values[name];
    if (typeof value === "boolean") return value;
    throw this.#wrong(name, value, "true or false");
  }

  /** Returns a field that is a number within bounds. */
  number(name: string, { min, max = 1e15, whole = false }: NumberBounds = {}): number {
    const value = this.#values[name];
    const inside = typeof value === "number" && (min === undefined ? value > 0 : value >= min) &&
      value <= max;
    if (inside && (!whole || Number.isInteger(value))) return value;
    const range = min === undefined ? `above 0, at most ${max}` : `from ${min} to ${max}`;
    throw this.#wrong(name, value, min === max ? `${max}` : `a ${whole ? "whole " : ""}number ${range}`);
  }

  #list(name: string): readonly unknown[] {
    const value = this.#values[name];
    if (Array.isArray(value) && value.length <= 1000) return value;
    throw this.#wrong(name, value, "a list of at most 1,000 items");
  }

  #path(name: string): string {
    return this.#where === "" ? name : `${this.#where}.${name}`;
  }

  #wrong(name: string | null, value: unknown, expected: string): UsageError {
    const at = name === null ? this.#where : this.#path(name);
    if (value === undefined) {
      return new UsageError(`Cannot use ${this.#file}: ${at} is missing: expected ${expected}`);
    }
    const text = JSON.stringify(value) ?? String(value);
    const found = text.length > 60 ? `${text.slice(0, 60)}…` : text;
    return new UsageError(
      `Cannot use ${this.#file}: ${at === "" ? "it" : at} is ${
        typeof value === "number" ? value : found
      }: expected ${expected}`,
    );
  }
}
