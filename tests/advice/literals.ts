/**
 * Finds the texts that the program may print: the string literals of its source.
 *
 * @module
 */

/** A string literal of a source file. */
export interface Literal {
  /** Path from the project's folder. */
  readonly file: string;
  /** Line on which it begins, starting at 1. */
  readonly line: number;
  /** Its text; `…` stands for a value that is put in. */
  readonly text: string;
}

const root = new URL("../../", import.meta.url);

/** Returns the literals of all TypeScript files in these folders. */
export async function literalsIn(folders: readonly string[]): Promise<readonly Literal[]> {
  const found: Literal[] = [];
  for (const folder of folders) {
    for await (const file of filesIn(folder)) {
      found.push(...literalsOf(await Deno.readTextFile(new URL(file, root)), file));
    }
  }
  return found;
}

async function* filesIn(folder: string): AsyncGenerator<string> {
  for await (const { name, isDirectory } of Deno.readDir(new URL(`${folder}/`, root))) {
    if (isDirectory) yield* filesIn(`${folder}/${name}`);
    else if (name.endsWith(".ts")) yield `${folder}/${name}`;
  }
}

/** Returns the literals of a source text, without comments and regular expressions. */
export function literalsOf(source: string, file: string): Literal[] {
  const found: Literal[] = [];
  const lineAt = (at: number): number => source.slice(0, at).split("\n").length;
  const code = (from: number, closing: string | null): number => {
    let before = "("; // the last character that is neither blank nor comment
    let depth = 0;
    for (let at = from; at < source.length; at++) {
      const char = source[at], two = source.slice(at, at + 2);
      if (two === "//") at = (source.indexOf("\n", at) + 1 || source.length) - 1;
      else if (two === "/*") at = source.indexOf("*/", at) + 1;
      else if (char === '"' || char === "'") at = quoted(at);
      else if (char === "`") at = template(at);
      else if (char === "/" && /[(,=:[!&|?{};\n]/.test(before)) at = expression(at);
      else if (char === "{") depth++;
      else if (char === "}" && depth-- === 0 && closing === "}") return at;
      if (!/\s/.test(source[at] ?? "")) before = source[at];
    }
    return source.length;
  };
  const quoted = (from: number): number => {
    const [literal] = /^(["'])(?:\\[\s\S]|(?!\1)[^\\])*\1/.exec(source.slice(from, from + 20_000)) ?? [""];
    found.push({ file, line: lineAt(from), text: literal.slice(1, -1) });
    return from + Math.max(0, literal.length - 1);
  };
  const template = (from: number): number => {
    let text = "", at = from + 1;
    for (; at < source.length && source[at] !== "`"; at++) {
      if (source[at] === "\\") text += source[++at] === "n" ? "\n" : source[at];
      else if (source.startsWith("${", at)) {
        text += "…";
        at = code(at + 2, "}");
      } else text += source[at];
    }
    found.push({ file, line: lineAt(from), text });
    return at;
  };
  const expression = (from: number): number => {
    for (let at = from + 1, inClass = false; at < source.length && source[at] !== "\n"; at++) {
      if (source[at] === "\\") at++;
      else if (source[at] === "[") inClass = true;
      else if (source[at] === "]") inClass = false;
      else if (source[at] === "/" && !inClass) return at;
    }
    return from;
  };
  code(0, null);
  return found;
}
