/**
 * Block lists for URLs, read from files in the format of datatrove and of the blacklists of the University of
 * Toulouse: one entry per line; lines that begin with `#` are comments. The program includes no lists,
 * because the user decides what to block.
 *
 * @module
 */
import { entriesInSync, fileInfo, readText } from "../../disk/files.ts";

/** Blocked entries by type. */
export interface UrlLists {
  /** Registered domains and full host names, in lower case. */
  readonly domains: Set<string>;
  /** Complete URLs, compared character by character. */
  readonly urls: Set<string>;
  /** Words that each block a URL on their own. */
  readonly words: Set<string>;
  /** Words that block a URL only together: several of them, two by default, must occur in it. */
  readonly softWords: Set<string>;
  /** Strings that block a URL if they occur anywhere in its letters and digits. */
  readonly subwords: Set<string>;
}

/** File name of a list → its property in `UrlLists`. */
const listNames = {
  domains: "domains",
  urls: "urls",
  banned_words: "words",
  soft_banned_words: "softWords",
  banned_subwords: "subwords",
} as const;

/** Lists without entries. */
export function emptyUrlLists(): UrlLists {
  return { domains: new Set(), urls: new Set(), words: new Set(), softWords: new Set(), subwords: new Set() };
}

/**
 * Reads and merges the lists in folders and files. In a folder, the files `domains`, `urls`, `banned_words`,
 * `soft_banned_words` and `banned_subwords` are read, with or without the extension `.txt`. A file with one
 * of these names is a list of that type. Any other file lists domains, and URLs in the lines that contain a
 * `/`. Throws Deno.errors.NotFound for a path that does not exist, RangeError for a folder without lists.
 */
export async function readUrlLists(paths: readonly string[]): Promise<UrlLists> {
  const lists = emptyUrlLists();
  for (const path of await listFiles(paths)) await readList(path, lists);
  return lists;
}

/** Checks the paths without reading the lists. Throws the same errors as `readUrlLists()`. */
export async function checkUrlLists(paths: readonly string[]): Promise<void> {
  await listFiles(paths);
}

async function listFiles(paths: readonly string[]): Promise<string[]> {
  const files: string[] = [];
  for (const path of paths) {
    if (!(await stat(path)).isDirectory) {
      files.push(path);
      continue;
    }
    const names = entriesInSync(path).map(({ name }) => name)
      .filter((name) => listOf(name) !== null);
    if (names.length === 0) {
      throw new RangeError(
        `No block lists in ${path}: expected files named ${
          Object.keys(listNames).join(", ")
        } (or with .txt): ` +
          `pass another folder or a file`,
      );
    }
    files.push(...names.sort().map((name) => `${path}/${name}`));
  }
  return files;
}

/** Returns the letters and digits of a text in lower case, which is the form of words in the lists. */
export function lettersAndDigits(text: string): string {
  return text.replace(/[^a-zA-Z0-9]+/g, "").toLowerCase();
}

async function stat(path: string): Promise<Deno.FileInfo> {
  try {
    return await fileInfo(path);
  } catch (error) {
    if (!(error instanceof Deno.errors.NotFound)) throw error;
    throw new Deno.errors.NotFound(
      `Block list ${path} does not exist: pass an existing folder or file to --url-list`,
    );
  }
}

async function readList(path: string, lists: UrlLists): Promise<void> {
  const list = listOf(path.slice(path.lastIndexOf("/") + 1));
  const text = await readText(path);
  for (let start = 0; start < text.length;) {
    const end = text.indexOf("\n", start);
    const line = text.slice(start, end < 0 ? undefined : end).trim();
    start = end < 0 ? text.length : end + 1;
    if (line !== "" && !line.startsWith("#")) add(lists, list, line);
  }
}

function add(lists: UrlLists, list: keyof UrlLists | null, line: string): void {
  const target = list ?? (line.includes("/") ? "urls" : "domains");
  if (target === "urls") lists.urls.add(line);
  else if (target === "domains") lists.domains.add(line.toLowerCase());
  else {
    const word = lettersAndDigits(line);
    if (word !== "") lists[target].add(word); // an empty word would block every URL
  }
}

/** Returns the type of list that a file name indicates, or null if it indicates none. */
function listOf(name: string): keyof UrlLists | null {
  const plain = name.replace(/\.txt$/, "");
  return Object.entries(listNames).find(([file]) => file === plain)?.[1] ?? null;
}
