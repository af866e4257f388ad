/**
 * What a file holds, short enough for a message: a hostile line must not become megabytes of error.
 *
 * @module
 */

const LONGEST = 100; // characters

/** A value as JSON, cut off after 100 characters. */
export function excerpt(value: unknown): string {
  const text = typeof value === "string" ? value.slice(0, LONGEST + 1) : value;
  const shown = JSON.stringify(text) ?? String(value);
  const whole = shown.length <= LONGEST + 2 && !(typeof value === "string" && value.length > LONGEST);
  return whole ? shown : `${shown.slice(0, LONGEST)}…`;
}
