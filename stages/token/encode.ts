/**
 * A stage that encodes documents as token ids.
 *
 * @module
 */
import { type Stage, stage } from "../flow/stage.ts";
import type { Document, Tokens } from "../items.ts";
import { utf8Length } from "../format/text/utf8_length.ts";
import { endOfText } from "./end_of_text.ts";
import { loadTokenizer } from "./load_tokenizer.ts";
import type { Tokenizer } from "./tokenizer.ts";

export { utf8Length } from "../format/text/utf8_length.ts";

/** Options of the stage `encode`. */
export interface EncodeOptions {
  /**
   * Whether the end of text, such as `<|endoftext|>`, is put before each document. Default true, as in
   * llm.c's and FineWeb's shards.
   */
  readonly separator?: boolean;
}

interface Encoding {
  readonly tokenizer: Tokenizer;
  /** Id that is put before each document; null if none is put there. */
  readonly before: number | null;
}

/**
 * Encodes each document. Its ids begin with `endOfText(tokenizer)`, and `bytes` is the length of its text in
 * UTF-8 bytes. If a document contains the text of a special token, that text is encoded as plain text.
 * `tokenizer` may be a name or path for `loadTokenizer`, which the stage calls when it opens. Throws
 * TypeError if the tokenizer has no end of text, and the errors of `loadTokenizer`.
 *
 * @example
 * ```ts
 * import { encode, from } from "@stagewise/gpt";
 *
 * const encoded = from([{ id: "1", text: "We the People" }]).pipe(encode("gpt2"));
 * const [{ ids }] = await Array.fromAsync(encoded.stream());
 * console.log([...ids]); // [ 50256, 1135, 262, 4380 ]
 * ```
 */
export function encode(
  tokenizer: Tokenizer | string,
  options: EncodeOptions = {},
): Stage<Document, Tokens> {
  const encoding = (tokenizer: Tokenizer): Encoding => ({
    tokenizer,
    before: options.separator ?? true ? endOfText(tokenizer) : null,
  });
  const known = typeof tokenizer === "string" ? null : encoding(tokenizer);
  return stage<Document, Tokens, Encoding>({
    name: "encode",
    open: async () => known ?? encoding(await loadTokenizer(`${tokenizer}`)),
    push: ({ id, text, heldOut }, state) => [
      { id, ids: idsOf(text, state), bytes: utf8Length(text), ...(heldOut !== undefined && { heldOut }) },
    ],
    save: () => null,
  });
}

function idsOf(text: string, { tokenizer, before }: Encoding): Uint32Array {
  const plain = tokenizer.encodeOrdinary(text);
  if (before === null) return plain;
  const ids = new Uint32Array(plain.length + 1);
  ids[0] = before;
  ids.set(plain, 1);
  return ids;
}
