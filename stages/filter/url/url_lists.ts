/**
 * Block lists for addresses, read from files in the layout of datatrove and of the University of Toulouse's blacklists:
 * a line an entry, `#` before a comment. None comes with the program: what to block is the user's decision.
 *
 * @module
 */

/** What is blocked, by kind. */
export interface UrlLists {
  /** Registered domains and whole host names, in lower case. */
  readonly domains: Set<string>;
  /** Whole addresses as they are written. */
  readonly urls: Set<string>;
  /** A single one as a word of an address blocks it. */
  readonly words: Set<string>;
  /** Two of them block it. */
  readonly softWords: Set<string>;
  /** Block it wherever they stand in its letters and digits. */
  readonly subwords: Set<string>;
}

const kinds = {
  domains: "domains",
  urls: "urls",
  banned_words: "words",
  soft_banned_words: "softWords",
  banned_subwords: "subwords",
} as const;

/** Lists with nothing in them. */
export function emptyUrlLists(): UrlLists {
  return { domains: new Set(), urls: new Set(), words: new Set(), softWords: new Set(), subwords: new Set() };
}

/**
 * Reads lists from folders and files, all added up. Of a folder the files `domains`, `urls`, `banned_words`,
 * `soft_banned_words` and `banned_subwords` are read, with `.txt` or without; a file is one of these by its name, any
 * other lists domains, and addresses where there is a `/`. Throws Deno.errors.NotFound for a path that is not there,
 * RangeError for a folder without lists.
 */
export async function readUrlLists(paths: readonly string[]): Promise<UrlLists> {
  const lists = emptyUrlLists();
  for (const path of await filesOf(paths)) await readList(path, lists);
  return lists;
}

/** Throws as `readUrlLists`, without reading. */
export async function checkUrlLists(paths: readonly string[]): Promise<void> {
  await filesOf(paths);
}

async function filesOf(paths: readonly string[]): Promise<string[]> {
  const files: string[] = [];
  for (const path of paths) {
    if (!(await stat(path)).isDirectory) {
      files.push(path);
      continue;
    }
    const names = [...Deno.readDirSync(path)].map(({ name }) => name).filter((name) => kindOf(name) !== null);
    if (names.length === 0) {
      throw new RangeError(
        `No lists in ${path}: wanted some of ${Object.keys(kinds).join(", ")} (also .txt), or give a file`,
      );
    }
    files.push(...names.sort().map((name) => `${path}/${name}`));
  }
  return files;
}

/** Letters and digits alone, in lower case: the form of words. */
export function lettersAndDigits(text: string): string {
  return text.replace(/[^a-zA-Z0-9]+/g, "").toLowerCase();
}

async function stat(path: string): Promise<Deno.FileInfo> {
  try {
    return await Deno.stat(path);
  } catch (error) {
    if (!(error instanceof Deno.errors.NotFound)) throw error;
    throw new Deno.errors.NotFound(`No block list ${path}: give --url-list a folder or file that is there`);
  }
}

async function readList(path: string, lists: UrlLists): Promise<void> {
  const kind = kindOf(path.slice(path.lastIndexOf("/") + 1));
  const text = await Deno.readTextFile(path);
  for (let start = 0; start < text.length;) {
    const end = text.indexOf("\n", start);
    const line = text.slice(start, end < 0 ? undefined : end).trim();
    start = end < 0 ? text.length : end + 1;
    if (line !== "" && !line.startsWith("#")) add(lists, kind, line);
  }
}

function add(lists: UrlLists, kind: keyof UrlLists | null, line: string): void {
  const into = kind ?? (line.includes("/") ? "urls" : "domains");
  if (into === "urls") lists.urls.add(line);
  else if (into === "domains") lists.domains.add(line.toLowerCase());
  else if (lettersAndDigits(line) !== "") lists[into].add(lettersAndDigits(line)); // an empty word would block every address
}

function kindOf(name: string): keyof UrlLists | null {
  const plain = name.replace(/\.txt$/, "");
  return Object.entries(kinds).find(([file]) => file === plain)?.[1] ?? null;
}
