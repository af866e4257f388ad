/**
 * Metadata of GGUF files with small tokenizers, for tests.
 *
 * @module
 */
import type { GgufField } from "../../../../stages/format/model/gguf/head.ts";
import type { GgufValue } from "../../../../stages/format/model/gguf/header.ts";
import { bytesToCharacters } from "../../../../stages/token/byte_characters.ts";

/** Metadata without the prefix `tokenizer.ggml.`. */
export type Metadata = Readonly<Record<string, GgufValue>>;

/** Returns metadata with the prefix of its keys, and a chat template. */
export function prefixed(metadata: Metadata, template?: string): ReadonlyMap<string, GgufValue> {
  return new Map([
    ...Object.entries(metadata).map(([key, value]) => [`tokenizer.ggml.${key}`, value] as const),
    ...template === undefined ? [] : [["tokenizer.chat_template", template] as const],
  ]);
}

/** Returns fields as a reader of the file gets them. */
export function asRead(fields: ReadonlyMap<string, GgufField>): ReadonlyMap<string, GgufValue> {
  return new Map([...fields].map(([key, { value }]) => [key, value]));
}

/** Byte-level BPE: 256 bytes, some merges, an unused id, and three control tokens. */
export function byteLevelMetadata(pre: string): Metadata {
  const bytes = Array.from({ length: 256 }, (_, byte) => bytesToCharacters(Uint8Array.of(byte)));
  const merges = ["h e", "t he", "Ġ t", "Ġt he", "1 2", "12 3", "Ċ Ċ", "Ġ Ġ", "l l", "' ll", "' s", "N G"];
  const made = merges.map((merge) => merge.replace(" ", ""));
  const special = ["<|endoftext|>", "<|im_start|>", "<|im_end|>"];
  const tokens = [...special, ...bytes, ...made, "[PAD271]", "<tool>"];
  return {
    model: "gpt2",
    pre,
    tokens,
    token_type: tokens.map((text) =>
      special.includes(text) ? 3 : text === "<tool>" ? 4 : text === "[PAD271]" ? 5 : 1
    ),
    merges,
    bos_token_id: 1,
    eos_token_id: 2,
    unknown_token_id: 0,
  };
}

/**
 * SentencePiece: unknown, begin, end, 256 bytes, characters, and longer tokens with scores, of which "ab" has
 * a better one than "bc".
 */
export function sentencePieceMetadata(): Metadata {
  const bytes = Array.from(
    { length: 256 },
    (_, byte) => `<0x${byte.toString(16).toUpperCase().padStart(2, "0")}>`,
  );
  const characters = [..."▁abcdehlortw,.!12é好"],
    long = ["ab", "bc", "▁a", "he", "ll", "▁he", "llo", "▁hello", "▁▁", "12"];
  const tokens = ["<unk>", "<s>", "</s>", ...bytes, ...long, ...characters];
  return {
    model: "llama",
    pre: "default",
    tokens,
    token_type: tokens.map((_, id) => id === 0 ? 2 : id < 3 ? 3 : id < 259 ? 6 : 1),
    scores: tokens.map((_, id) => id < 259 ? 0 : -(id - 259)),
    bos_token_id: 1,
    eos_token_id: 2,
    unknown_token_id: 0,
  };
}
