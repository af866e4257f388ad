/**
 * Options as they are typed on the command line.
 *
 * @module
 */

/** Returns an option's name as it is typed, without the leading dashes: "grad-accum" for `gradAccum`. */
export function flagOf(name: string): string {
  return name.replace(/[A-Z]/g, (letter) => `-${letter.toLowerCase()}`);
}

/**
 * Returns an option with its value as it would be typed: "--grad-accum 4", "--no-color", "--tokens unset".
 */
export function optionText(name: string, value: unknown): string {
  const flag = flagOf(name);
  if (typeof value === "boolean") return value ? `--${flag}` : `--no-${flag}`;
  if (value === null) return `--${flag} unset`;
  const text = Array.isArray(value) ? value.join(",") : String(value);
  return `--${flag} ${/^[\w./:+,-]+$/.test(text) ? text : JSON.stringify(text)}`;
}
