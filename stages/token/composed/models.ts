/**
 * Models of `tokenizer.json`: they encode one piece of text as ids.
 *
 * Source: huggingface/tokenizers, src/models/bpe and src/models/wordlevel.
 *
 * @module
 */
import { excerpt } from "../../format/text/excerpt.ts";
import { vocabularyOf } from "../files/gpt2_files.ts";
import { merge, PairTable } from "../merge.ts";
import type { JsonField } from "./json_field.ts";

/** A model of a tokenizer. */
export interface TextModel {
  /** Ids keyed by token, as the file writes tokens. */
  readonly vocab: ReadonlyMap<string, number>;
  /** Returns the ids of a piece. Throws RangeError if the model has no token for it. */
  encode(piece: string): Uint32Array;
}

const utf8 = new TextEncoder();

/** Reads a model. `file` is the path, for error messages. Throws SyntaxError with the field. */
export function modelOf(field: JsonField, file: string): TextModel {
  // GPT-2's published file has no type.
  const type = field.at("type").isNull && !field.at("merges").isNull ? "BPE" : field.type;
  if (type === "BPE") return bpe(field, file);
  if (type === "WordLevel") return wordLevel(field, file);
  throw field.at("type").refuse(
    `expected "BPE" or "WordLevel", found ${excerpt(field.at("type").value ?? null)}`,
  );
}

function wordLevel(field: JsonField, file: string): TextModel {
  field.only(["vocab", "unk_token"]);
  const vocab = vocabularyOf(field.at("vocab").value, `${file}: model.vocab`);
  const unknown = vocab.get(field.at("unk_token").string(""));
  return {
    vocab,
    encode(piece) {
      const id = vocab.get(piece) ?? unknown;
      if (id !== undefined) return Uint32Array.of(id);
      throw new RangeError(
        `Cannot encode ${
          excerpt(piece)
        }: it is not in the vocabulary, and the tokenizer has no token for unknown words`,
      );
    },
  };
}

function bpe(field: JsonField, file: string): TextModel {
  field.only([
    "vocab",
    "merges",
    "dropout",
    "unk_token",
    "continuing_subword_prefix",
    "end_of_word_suffix",
    "fuse_unk",
    "byte_fallback",
    "ignore_merges",
  ]);
  const dropout = field.at("dropout");
  if (!dropout.isNull && dropout.value !== 0) {
    throw dropout.refuse("not supported, because ids must not depend on chance: expected null");
  }
  const vocab = vocabularyOf(field.at("vocab").value, `${file}: model.vocab`);
  const prefix = field.at("continuing_subword_prefix").string("");
  const suffix = field.at("end_of_word_suffix").string("");
  const fallback = field.at("byte_fallback").flag(false), whole = field.at("ignore_merges").flag(false);
  const pairs = pairTable(field.at("merges"), vocab, prefix.length);
  const unknownName = field.at("unk_token").isNull ? null : field.at("unk_token").string();
  const unknown = unknownName === null ? undefined : vocab.get(unknownName),
    fuse = field.at("fuse_unk").flag(false);

  /** Returns the ids of a character's bytes, or null if one of them has no token. */
  const bytesOf = (text: string): number[] | null => {
    const ids: number[] = [];
    for (const byte of utf8.encode(text)) {
      const id = vocab.get(`<0x${byte.toString(16).toUpperCase().padStart(2, "0")}>`);
      if (id === undefined) return null;
      ids.push(id);
    }
    return ids;
  };

  const symbolsOf = (piece: string): number[] => {
    const characters = [...piece], ids: number[] = [];
    let pending = false; // whether an unknown token has yet to be written
    characters.forEach((character, i) => {
      const symbol = (i > 0 ? prefix : "") + character + (i === characters.length - 1 ? suffix : "");
      const id = vocab.get(symbol);
      if (id !== undefined) {
        if (pending && unknown !== undefined) ids.push(unknown);
        pending = false;
        ids.push(id);
        return;
      }
      const bytes = fallback ? bytesOf(symbol) : null;
      if (bytes !== null) {
        ids.push(...bytes);
      } else if (unknownName !== null) { // without a name for unknown characters, they are left out
        if (unknown === undefined) {
          throw new RangeError(
            `Cannot encode ${
              excerpt(character)
            }: it is not in the vocabulary, nor is the token ${unknownName} for it`,
          );
        }
        if (pending && !fuse) ids.push(unknown);
        pending = true;
      }
    });
    if (pending && unknown !== undefined) ids.push(unknown);
    return ids;
  };

  return {
    vocab,
    encode(piece) {
      const known = whole ? vocab.get(piece) : undefined;
      if (known !== undefined) return Uint32Array.of(known);
      const ids = Uint32Array.from(symbolsOf(piece));
      return ids.slice(0, merge(ids, pairs));
    },
  };
}

/** Reads the merges. Where a pair is listed twice, the later place counts, as in Hugging Face's library. */
function pairTable(field: JsonField, vocab: ReadonlyMap<string, number>, prefix: number): PairTable {
  const entries = field.list().map((entry): [string, string, JsonField] | null => {
    const { value } = entry;
    if (typeof value === "string" && value.startsWith("#version")) return null;
    const parts: unknown[] = typeof value === "string" ? value.split(" ") : Array.isArray(value) ? value : [];
    const [left, right] = parts;
    if (parts.length !== 2 || typeof left !== "string" || typeof right !== "string") {
      throw entry.refuse(`expected two tokens, found ${excerpt(value)}`);
    }
    return [left, right, entry];
  });
  const table = new PairTable(entries.length);
  for (let rank = entries.length - 1; rank >= 0; rank--) { // the table keeps the first entry of a pair
    const entry = entries[rank];
    if (entry === null) continue;
    const [left, right, at] = entry;
    const [a, b, id] = [left, right, left + right.slice(prefix)].map((text) => {
      const found = vocab.get(text);
      if (found === undefined) throw at.refuse(`token ${excerpt(text)} is not in the vocabulary`);
      return found;
    });
    table.add(a, b, { rank, id });
  }
  return table;
}
