/**
 * A tool that searches the texts of a folder by words (BM25), through minisearch. Its results go into the
 * context, where a model reads them better than it remembers.
 *
 * @module
 */
import { importPackage } from "../disk/packages.ts";
import type { Document } from "../items.ts";
import type { Tool } from "./tool.ts";

/** How texts are searched. */
export interface SearchOptions {
  /** Number of passages in a result. Default 2. */
  readonly passages?: number;
  /** Longest passage in characters. Default 400. */
  readonly characters?: number;
  /** Largest size of all texts in characters. Default 64 Mi. */
  readonly limit?: number;
}

/** Returns a tool that searches documents. Throws RangeError if they are too large, or if there are none. */
export async function searchTool(
  documents: AsyncIterable<Document>,
  { passages = 2, characters = 400, limit = 1 << 26 }: SearchOptions = {},
): Promise<Tool> {
  const { default: MiniSearch } = await importPackage("minisearch");
  const index = new MiniSearch<{ id: number; text: string }>({ fields: ["text"] }), texts: string[] = [];
  let size = 0;
  for await (const { text } of documents) {
    size += text.length;
    if (size > limit) {
      throw new RangeError(`Cannot search more than ${limit} characters: give a smaller folder`);
    }
    for (const passage of passagesOf(text, characters)) {
      index.add({ id: texts.length, text: passage });
      texts.push(passage);
    }
  }
  if (texts.length === 0) throw new RangeError("Cannot search: the folder has no text");
  return {
    name: "search",
    about: "Searches texts by words, and returns the passages that fit best.",
    argument: "query",
    limit: passages * (characters + 1),
    texts: () => texts,
    run(query) {
      const found = index.search(query.slice(0, 1000)).slice(0, passages);
      return found.length === 0
        ? { error: "nothing found" }
        : { output: found.map(({ id }) => texts[id]).join("\n") };
    },
  };
}

/** Splits a text at the ends of its paragraphs and sentences into passages of at most this length. */
function passagesOf(text: string, most: number): readonly string[] {
  const passages: string[] = [];
  for (const paragraph of text.split(/\n\s*\n/)) {
    let passage = "";
    for (const sentence of paragraph.split(/(?<=[.!?])\s+/)) {
      if (passage !== "" && passage.length + sentence.length >= most) {
        passages.push(passage);
        passage = "";
      }
      passage = passage === "" ? sentence : `${passage} ${sentence}`;
      while (passage.length > most) {
        passages.push(passage.slice(0, most).toWellFormed());
        passage = passage.slice(most).toWellFormed();
      }
    }
    if (passage.trim() !== "") passages.push(passage);
  }
  return passages;
}
