/**
 * llama2.c's tokenizer.bin: length of the longest token, then score, length and bytes of each token. Blanks
 * are written as such, ids 1 and 2 begin and end a text, and ids 3 to 258 are the bytes.
 *
 * @module
 */
import { excerpt } from "../../format/text/excerpt.ts";
import { ggufTokenizer, ggufTokenTypes } from "../gguf/gguf_tokenizer.ts";
import { ggufTokenizerFields } from "../gguf/gguf_fields.ts";
import type { Tokenizer } from "../tokenizer.ts";
import type { Vocabulary } from "../vocabulary.ts";
import { MAX_IDS } from "./gpt2_files.ts";

/** Texts of the ids 0 to 2 in files, and in the tokenizer. */
const SPECIAL = [["<unk>", "<unk>"], ["\n<s>\n", "<s>"], ["\n</s>\n", "</s>"]] as const;
const FIRST_ORDINARY = SPECIAL.length + 256;
const MOST_BYTES = 4096; // of a token; those of published files have at most 27

/** Reads a file's bytes. Throws SyntaxError with the token for bytes that are no such file. */
export function parseLlama2cTokenizer(bytes: Uint8Array<ArrayBuffer>, path: string): Vocabulary {
  const wrong = (why: string): SyntaxError =>
    new SyntaxError(`Cannot read ${path} as a tokenizer.bin: ${why}`);
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  if (bytes.length < 4) throw wrong(`it has ${bytes.length} bytes`);
  const longest = view.getUint32(0, true);
  if (longest < 1 || longest > MOST_BYTES) {
    throw wrong(`its longest token has ${longest} bytes, expected 1 to ${MOST_BYTES}`);
  }
  const texts: string[] = [], scores: number[] = [];
  for (let at = 4; at < bytes.length;) {
    const id = texts.length, length = at + 8 <= bytes.length ? view.getUint32(at + 4, true) : NaN;
    if (!(length <= longest) || at + 8 + length > bytes.length) {
      throw wrong(`token ${id} is cut off or too long`);
    }
    if (id === MAX_IDS) throw wrong(`it has more than ${MAX_IDS} tokens`);
    scores.push(view.getFloat32(at, true));
    texts.push(new TextDecoder("utf-8", { ignoreBOM: true }).decode(bytes.subarray(at + 8, at + 8 + length)));
    at += 8 + length;
  }
  if (texts.length < FIRST_ORDINARY) {
    throw wrong(`it has ${texts.length} tokens, expected at least ${FIRST_ORDINARY}`);
  }
  const bad = texts.findIndex((text, id) =>
    id < FIRST_ORDINARY && text !== fixedText(id) && text !== SPECIAL[id]?.[1]
  );
  if (bad >= 0) throw wrong(`token ${bad} is ${excerpt(texts[bad])}, expected ${excerpt(fixedText(bad))}`);
  const { unknown, control, byte, normal } = ggufTokenTypes;
  const metadata = new Map<string, string | number | string[] | number[]>([
    ["tokenizer.ggml.model", "llama"],
    ["tokenizer.ggml.tokens", texts.map((text, id) => SPECIAL[id]?.[1] ?? text.replaceAll(" ", "▁"))],
    ["tokenizer.ggml.scores", scores],
    [
      "tokenizer.ggml.token_type",
      texts.map((_, id) => id === 0 ? unknown : id < 3 ? control : id < FIRST_ORDINARY ? byte : normal),
    ],
    ["tokenizer.ggml.unknown_token_id", 0],
    ["tokenizer.ggml.bos_token_id", 1],
    ["tokenizer.ggml.eos_token_id", 2],
  ]);
  return ggufTokenizer(metadata, path);
}

/** Returns the text of an id below 259 in files. */
function fixedText(id: number): string {
  return SPECIAL[id]?.[0] ?? `<0x${(id - SPECIAL.length).toString(16).toUpperCase().padStart(2, "0")}>`;
}

/**
 * Returns the content of the file for a model of `vocabSize` tokens, or why the format cannot hold the
 * tokenizer: only SentencePiece with byte fallback and the ids of Llama 2 can be written.
 */
export function llama2cTokenizer(
  tokenizer: Tokenizer,
  vocabSize: number,
): Uint8Array<ArrayBuffer> | { readonly why: string } {
  const { fields, changes } = ggufTokenizerFields(tokenizer, vocabSize);
  const get = (key: string): unknown => fields.get(`tokenizer.ggml.${key}`)?.value;
  const [tokens, scores] = [get("tokens"), get("scores")];
  if (get("model") !== "llama" || !Array.isArray(tokens) || !Array.isArray(scores)) {
    return { why: changes[0] ?? "tokenizer.bin holds SentencePiece with byte fallback only" };
  }
  if (get("add_space_prefix") !== true) return { why: "tokenizer.bin implies a blank before each text" };
  const texts = tokens.map((text, id) =>
    text === SPECIAL[id]?.[1] ? fixedText(id) : String(text).replaceAll("▁", " ")
  );
  if (texts.some((text, id) => id < FIRST_ORDINARY && text !== fixedText(id))) {
    return { why: "the first 259 tokens are not those of Llama 2, which tokenizer.bin implies" };
  }
  const encoded = texts.map((text) => new TextEncoder().encode(text));
  const view = new DataView(new ArrayBuffer(4 + encoded.reduce((sum, { length }) => sum + 8 + length, 0)));
  view.setUint32(0, encoded.reduce((most, { length }) => Math.max(most, length), 0), true);
  const out = new Uint8Array(view.buffer);
  let at = 4;
  for (const [id, bytes] of encoded.entries()) {
    view.setFloat32(at, scores[id], true);
    view.setUint32(at + 4, bytes.length, true);
    out.set(bytes, at + 8);
    at += 8 + bytes.length;
  }
  return out;
}
