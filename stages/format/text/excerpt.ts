/**
 * Values for error messages, shortened so that a hostile file cannot make a message megabytes long.
 *
 * @module
 */

const MAX_CHARACTERS = 100;

/** Returns a value as JSON, cut after 100 characters. */
export function excerpt(value: unknown): string {
  const text = typeof value === "string" ? value.slice(0, MAX_CHARACTERS + 1) : value;
  const shown = JSON.stringify(text) ?? String(value);
  const whole = shown.length <= MAX_CHARACTERS + 2 &&
    !(typeof value === "string" && value.length > MAX_CHARACTERS);
  return whole ? shown : `${shown.slice(0, MAX_CHARACTERS)}…`;
}
