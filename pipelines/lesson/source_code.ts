/**
 * Parts of the project's source, as lessons show them: read from the file itself, so that what a page shows
 * is what has run.
 *
 * @module
 */
import type { CodeItem } from "./item.ts";

/** The project's folder. */
export const projectFolder = new URL("../../", import.meta.url);

/** A part of a source file. */
export interface SourceRegion {
  /** Numbers of its first and last line, starting at 1. */
  readonly lines: readonly [first: number, last: number];
  /** Its lines, without the indentation that they share. */
  readonly text: string;
}

/** Reads a part of a source file. Throws the errors of `regionOf()`, and those of reading the file. */
export async function readRegion({ file, name }: Pick<CodeItem, "file" | "name">): Promise<SourceRegion> {
  const response = await fetch(new URL(file, projectFolder)); // also reads files
  return regionOf(await response.text(), { file, name });
}

/**
 * Finds a part of a source text that `deno fmt` has formatted: the lines between `// #region NAME` and
 * `// #endregion`, or the outermost declaration of a function, method, class or constant with that name.
 * Throws RangeError unless there is exactly one.
 */
export function regionOf(
  source: string,
  { file, name }: Pick<CodeItem, "file" | "name">,
): SourceRegion {
  const lines = source.replaceAll("\r\n", "\n").split("\n");
  const marked = lines.flatMap((line, i) => line.trim() === `// #region ${name}` ? [i] : []);
  const found = marked.length > 0
    ? marked.map((i): [number, number] => [i + 1, lines.indexOf(`${indentOf(lines[i])}// #endregion`, i) - 1])
    : declarationsOf(lines, name);
  const [range] = found;
  if (found.length !== 1 || range[1] < range[0]) {
    throw new RangeError(
      `Cannot show ${name} of ${file}: expected one declaration or region of this name, found ${
        range === undefined ? "none" : range[1] < range[0] ? "one without an end" : found.length
      }`,
    );
  }
  const chosen = lines.slice(range[0], range[1] + 1);
  const shared = Math.min(...chosen.filter((line) => line !== "").map((line) => indentOf(line).length));
  return {
    lines: [range[0] + 1, range[1] + 1],
    text: chosen.map((line) => line.slice(shared)).join("\n"),
  };
}

/**
 * Returns the first and last line of each declaration of a name; of those within others, only the outermost.
 */
function declarationsOf(lines: readonly string[], name: string): [number, number][] {
  const word = name.replaceAll("$", "\\$");
  const declared = new RegExp(
    `^\\s*(export )?(default )?(async )?(function\\*?|class|const|interface|type) ${word}\\b`,
  );
  const method = new RegExp(`^\\s+(static )?(async )?\\*?#?${word}\\(`);
  const found = lines.flatMap((line, i): [number, number][] => {
    if (declared.test(line)) return [[i, endOf(lines, i)]];
    if (!method.test(line)) return [];
    // A method's first lines end with an opening brace, those of a call do not.
    const last = endOf(lines, i), head = lines.slice(i, last).find((one) => one.endsWith(" {"));
    return lines[last].trim() === "}" && head !== undefined && indentOf(head) === indentOf(line)
      ? [[i, last]]
      : [];
  });
  const least = Math.min(...found.map(([first]) => indentOf(lines[first]).length));
  return found.filter(([first]) => indentOf(lines[first]).length === least);
}

/** Returns the last line of the declaration that starts at line `from`. */
function endOf(lines: readonly string[], from: number): number {
  const indent = indentOf(lines[from]).length;
  let last = from;
  for (let i = from + 1; i < lines.length; i++) {
    if (lines[i] === "") continue;
    const own = indentOf(lines[i]).length, closes = own === indent && /^\s*[)}\]]/.test(lines[i]);
    if (own <= indent && !closes) break;
    last = i;
    if (closes && !/[{(,]$/.test(lines[i])) break;
  }
  return last;
}

function indentOf(line: string): string {
  return /^ */.exec(line)?.[0] ?? "";
}
