/**
 * Text for a terminal: cutting and padding by display width, colours, and small graphics made of characters.
 *
 * @module
 */
import stringWidth from "string-width";

/** ANSI codes of the styles that `painter` accepts. */
const ansiCodes = { bold: 1, dim: 2, red: 31, green: 32, yellow: 33, cyan: 36 } as const;

/**
 * Returns a function that wraps a text in a style's ANSI codes; without colour it returns the text unchanged.
 */
export function painter(color: boolean): (style: keyof typeof ansiCodes, text: string) => string {
  return (style, text) => color ? `\x1b[${ansiCodes[style]}m${text}\x1b[0m` : text;
}

/** Replaces control characters except newline and tab by "�": text from a model must not move the cursor. */
export function printable(text: string): string {
  // deno-lint-ignore no-control-regex
  return text.replace(/\r\n/g, "\n").replace(/[\u0000-\u0008\u000b-\u001f\u007f-\u009f]/g, "\ufffd");
}

/** Returns one printable line of at most `columns` columns; "…" ends a line that was cut. */
export function truncate(text: string, columns: number): string {
  const clean = printable(text).replace(/[\n\t]/g, " ");
  if (stringWidth(clean) <= columns) return clean;
  let out = "";
  let width = 0;
  for (const { segment } of new Intl.Segmenter().segment(clean)) {
    const next = stringWidth(segment);
    if (width + next > columns - 1) break;
    out += segment;
    width += next;
  }
  return `${out}…`;
}

/** Returns the text, padded with spaces on the right to `columns` columns. */
export function padEnd(text: string, columns: number): string {
  return text + " ".repeat(Math.max(0, columns - stringWidth(text)));
}

/**
 * Returns values as a row of block characters, at most `columns` wide; the least is ▁, the greatest █. A
 * place with a value that is NaN or infinite is ×.
 */
export function sparkline(values: readonly number[], columns: number): string {
  const means = binMeans(values, columns), finite = means.filter(Number.isFinite);
  const least = Math.min(...finite);
  const range = Math.max(...finite) - least;
  return means.map((v) => {
    if (!Number.isFinite(v)) return "×";
    return eighths[range === 0 ? 0 : Math.round((v - least) / range * 7)];
  }).join("");
}

/** The characters ▁ to █, one for each eighth of a line's height. */
export const eighths = "▁▂▃▄▅▆▇█";

/** Returns the means of consecutive values, so that at most `bins` numbers are left. */
export function binMeans(values: readonly number[], bins: number): number[] {
  const width = Math.min(bins, values.length);
  return Array.from({ length: width }, (_, i) => {
    const bin = values.slice(
      Math.floor(i * values.length / width),
      Math.floor((i + 1) * values.length / width),
    );
    return bin.reduce((sum, v) => sum + v, 0) / bin.length;
  });
}
