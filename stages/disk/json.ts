/**
 * The type of values that JSON can hold.
 *
 * @module
 */

/** A value that JSON can hold. */
export type Json = null | boolean | number | string | readonly Json[] | { readonly [key: string]: Json };

/** Returns whether a parsed value is an object, not an array or null; its fields are still unchecked. */
export function isRecord(value: Json | undefined): value is Readonly<Record<string, Json>>;
export function isRecord(value: unknown): value is Readonly<Record<string, unknown>>;
export function isRecord(value: unknown): boolean {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}
