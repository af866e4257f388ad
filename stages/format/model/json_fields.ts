/**
 * Fields of a JSON object that another program wrote.
 *
 * @module
 */

/** Makes an error that names the file. */
export type Wrong = (why: string, cause?: unknown) => Error;

/**
 * Returns a value of a JSON object. A missing key and null are both undefined, because transformers writes
 * null for "not set".
 */
export type Fields = (key: string) => unknown;

/** Returns the fields of a JSON object; of anything else, no fields. */
export function fieldsOf(json: unknown): Fields {
  const keys: ReadonlyMap<string, unknown> = new Map(
    typeof json === "object" && json !== null ? Object.entries(json) : [],
  );
  return (key) => keys.get(key) ?? undefined;
}
