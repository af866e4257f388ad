/**
 * Reads the fields of a request and says which one is wrong. A field that is null counts as absent.
 *
 * @module
 */
import { isRecord } from "../../stages/disk/json.ts";
import { excerpt } from "../../stages/format/text/excerpt.ts";
import { nearest } from "../cli/args.ts";
import { ApiError, fieldError } from "./api_error.ts";

/** The values that a number may have; both bounds are allowed. */
export interface NumberBounds {
  readonly min: number;
  readonly max: number;
}

/** The fields of an object. */
export class Fields {
  readonly #record: Readonly<Record<string, unknown>>;
  readonly #where: string;

  /** `where` names the object: "" for the body. Throws ApiError if the value is no object. */
  constructor(value: unknown, where = "") {
    if (!isRecord(value)) {
      const what = where === "" ? "The body" : `'${where}'`;
      throw new ApiError(400, `${what} must be a JSON object`, { param: where === "" ? null : where });
    }
    this.#record = value;
    this.#where = where;
  }

  /** Returns the name of a field in messages. */
  path(name: string): string {
    return this.#where === "" ? name : `${this.#where}.${name}`;
  }

  /** Returns the value of a field; undefined if it is absent. */
  get(name: string): unknown {
    return Object.hasOwn(this.#record, name) ? this.#record[name] ?? undefined : undefined;
  }

  /** Returns an error about a field. */
  error(name: string, expected: string): ApiError {
    const param = this.path(name), value = this.get(name);
    return fieldError(
      param,
      value === undefined
        ? `Missing required field '${param}': expected ${expected}`
        : `Invalid value of '${param}': it is ${excerpt(value)}, expected ${expected}`,
    );
  }

  /** Returns a number. Throws ApiError if it is none or out of bounds. */
  number(name: string, { min, max }: NumberBounds): number | undefined {
    const value = this.get(name);
    if (value === undefined || typeof value === "number" && value >= min && value <= max) return value;
    throw this.error(name, `a number from ${min} to ${max}`);
  }

  /** Returns a whole number. Throws ApiError if it is none or out of bounds. */
  integer(name: string, { min, max }: NumberBounds): number | undefined {
    const value = this.get(name);
    const fits = typeof value === "number" && Number.isSafeInteger(value) && value >= min && value <= max;
    if (value === undefined || fits) return value;
    throw this.error(name, `a whole number from ${min} to ${max}`);
  }

  /** Returns a boolean; absent: false. Throws ApiError for another value. */
  boolean(name: string): boolean {
    const value = this.get(name);
    if (value === undefined || typeof value === "boolean") return value ?? false;
    throw this.error(name, "true or false");
  }

  /** Returns a text. Throws ApiError for another value. */
  text(name: string): string | undefined {
    const value = this.get(name);
    if (value === undefined || typeof value === "string") return value;
    throw this.error(name, "a text");
  }

  /** Returns a list of at most `most` items. Throws ApiError for another value. */
  list(name: string, most: number): readonly unknown[] | undefined {
    const value = this.get(name);
    if (value === undefined || Array.isArray(value) && value.length <= most) return value;
    throw this.error(name, `a list of at most ${most} items`);
  }

  /** Returns the fields of an object. Throws ApiError for another value. */
  object(name: string): Fields | undefined {
    const value = this.get(name);
    return value === undefined ? undefined : new Fields(value, this.path(name));
  }

  /** Throws ApiError for a field that must not be used. `accepted` are values that change nothing. */
  refuse(name: string, why: string, accepted: (value: unknown) => boolean = () => false): void {
    const value = this.get(name);
    if (value === undefined || accepted(value)) return;
    throw new ApiError(400, `'${this.path(name)}' is not supported: ${why}`, {
      param: this.path(name),
      code: "unsupported_parameter",
    });
  }

  /** Throws ApiError for a field that is not among the known ones, since it may be a typing error. */
  only(known: Iterable<string>): void {
    const names = [...known], unknown = Object.keys(this.#record).find((name) => !names.includes(name));
    if (unknown === undefined) return;
    const near = nearest(unknown.slice(0, 40), names);
    throw new ApiError(
      400,
      `Unrecognized request argument supplied: ${excerpt(unknown)}${
        near === null ? "" : `: did you mean '${near}'?`
      }`,
      { param: this.path(unknown.slice(0, 100)), code: "unknown_parameter" },
    );
  }
}
