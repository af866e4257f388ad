/**
 * A field of a parsed JSON file that knows its path, so that error messages can name it.
 *
 * @module
 */
import { excerpt } from "../../format/text/excerpt.ts";

/** A field of a JSON file. */
export class JsonField {
  /** Value of the field; undefined if the file does not have it. */
  readonly value: unknown;
  /** Path of the field, such as `model.merges[3]`; "" for the whole file. */
  readonly path: string;
  readonly #file: string;

  /** `file` is the path of the file, for error messages. */
  constructor(value: unknown, file: string, path = "") {
    this.value = value;
    this.path = path;
    this.#file = file;
  }

  /** Whether the field is missing or null. */
  get isNull(): boolean {
    return this.value === undefined || this.value === null;
  }

  /** Value of the object's field `type`, or "" if it has none. */
  get type(): string {
    return this.at("type").string("");
  }

  /** Returns an error that names the file and the field. */
  refuse(why: string, cause?: unknown): SyntaxError {
    const where = this.path === "" ? "" : ` ${this.path}:`;
    return new SyntaxError(`Cannot read ${this.#file}:${where} ${why}`, { cause });
  }

  /** Returns an object's field. Throws SyntaxError if this is not an object. */
  at(name: string): JsonField {
    const value = this.#object[name];
    return new JsonField(value, this.#file, this.path === "" ? name : `${this.path}.${name}`);
  }

  /** Throws SyntaxError if the object has a field besides `type` that is not among `names`. */
  only(names: readonly string[]): void {
    const other = Object.keys(this.#object).find((name) => name !== "type" && !names.includes(name));
    if (other === undefined) return;
    throw this.at(other).refuse("not supported: this program does not know the field");
  }

  /** Returns a string. Throws SyntaxError for other values, and for a missing one without `fallback`. */
  string(fallback?: string): string {
    if (typeof this.value === "string") return this.value;
    if (this.isNull && fallback !== undefined) return fallback;
    throw this.#expected("a string");
  }

  /** Returns a boolean. Throws SyntaxError for other values, and for a missing one without `fallback`. */
  flag(fallback?: boolean): boolean {
    if (typeof this.value === "boolean") return this.value;
    if (this.isNull && fallback !== undefined) return fallback;
    throw this.#expected("true or false");
  }

  /** Returns a whole number from 0. Throws SyntaxError for other values. */
  count(fallback?: number): number {
    if (typeof this.value === "number" && Number.isSafeInteger(this.value) && this.value >= 0) {
      return this.value;
    }
    if (this.isNull && fallback !== undefined) return fallback;
    throw this.#expected("a whole number from 0");
  }

  /** Returns one of the strings. Throws SyntaxError for other values. */
  oneOf<T extends string>(values: readonly T[], fallback?: T): T {
    const text = this.string(fallback), found = values.find((value) => value === text);
    if (found !== undefined) return found;
    throw this.#expected(values.map((value) => JSON.stringify(value)).join(" or "));
  }

  /** Returns the entries of a list. Throws SyntaxError for other values. */
  list(): JsonField[] {
    if (!Array.isArray(this.value)) throw this.#expected("a list");
    return this.value.map((item, i) => new JsonField(item, this.#file, `${this.path}[${i}]`));
  }

  /** Returns the fields of an object, keyed by name. Throws SyntaxError for other values. */
  entries(): [string, JsonField][] {
    return Object.keys(this.#object).map((name) => [name, this.at(name)]);
  }

  get #object(): Readonly<Record<string, unknown>> {
    if (isObject(this.value)) return this.value;
    throw this.#expected("an object");
  }

  #expected(what: string): SyntaxError {
    return this.refuse(`expected ${what}, found ${excerpt(this.value ?? null)}`);
  }
}

function isObject(value: unknown): value is Record<string, unknown> {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}
