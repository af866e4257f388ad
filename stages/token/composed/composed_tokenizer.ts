/**
 * A tokenizer composed of a normalizer, a pre-tokenizer, a model and a decoder, as `tokenizer.json` describes
 * one. Tokenizers that consist only of a split pattern and byte-pair merges are read as `BpeTokenizer`
 * instead, which is faster.
 *
 * @module
 */
import { excerpt } from "../../format/text/excerpt.ts";
import type { SpecialOptions } from "../special.ts";
import type { DecodeOptions } from "../tokenizer.ts";
import { Vocabulary } from "../vocabulary.ts";
import { type AddedToken, AddedTokens, addedTokensOf } from "./added_tokens.ts";
import { decoderOf, type TextDecoderRules } from "./decoders.ts";
import { JsonField } from "./json_field.ts";
import { modelOf, type TextModel } from "./models.ts";
import { type Normalizer, normalizerOf } from "./normalizers.ts";
import { postProcessorOf, type Surrounding } from "./post_processors.ts";
import { byteCharacters, preTokenizerOf, type PreTokenizerSteps } from "./pre_tokenizers.ts";

/** The parts of a tokenizer. */
interface Parts {
  readonly model: TextModel;
  readonly added: readonly AddedToken[];
  readonly segments: AddedTokens;
  readonly preTokenizer: PreTokenizerSteps;
  readonly decoder: TextDecoderRules;
  /** Texts of the tokens as the decoder takes them, indexed by id. */
  readonly texts: readonly (string | undefined)[];
  readonly surrounding: Surrounding;
}

const ROOT = [
  "version",
  "truncation",
  "padding",
  "added_tokens",
  "normalizer",
  "pre_tokenizer",
  "post_processor",
  "decoder",
  "model",
];

const longestCached = 64; // UTF-16 units; longer pieces are not cached, because they seldom repeat
const mostCached = 1 << 16; // pieces; a cache of this size is emptied

/** A tokenizer that a `tokenizer.json` describes. */
export class ComposedTokenizer extends Vocabulary {
  /** Content of `tokenizer.json`. */
  readonly json: string;
  readonly #parts: Parts;
  readonly #cache = new Map<string, Uint32Array>();

  private constructor(json: string, parts: Parts) {
    super(tokenBytes(parts), specialIds(parts.added), specialBytes(parts));
    this.json = json;
    this.#parts = parts;
  }

  /**
   * Reads a tokenizer from the content of the file. Throws SyntaxError with the file, the field and the
   * reason.
   */
  static parse(json: string, file: string): ComposedTokenizer {
    const root = new JsonField(parsed(json, file), file);
    root.only(ROOT);
    root.at("version").oneOf(["1.0"], "1.0");
    for (const name of ["truncation", "padding"]) {
      if (!root.at(name).isNull) {
        throw root.at(name).refuse("not supported, because it changes texts: expected null");
      }
    }
    const model = modelOf(root.at("model"), file);
    const normalize = root.at("normalizer").isNull ? null : normalizerOf(root.at("normalizer"));
    const added = addedTokensOf(root.at("added_tokens"), model.vocab);
    const preTokenizer = preTokenizerOf(root.at("pre_tokenizer"));
    const parts: Parts = {
      texts: tokenTexts({ model, added, normalize }),
      model,
      added,
      segments: new AddedTokens(added, normalize),
      preTokenizer,
      decoder: decoderOf(root.at("decoder"), preTokenizer.bytes),
      surrounding: postProcessorOf(root.at("post_processor")),
    };
    try {
      return new ComposedTokenizer(json, parts);
    } catch (cause) {
      if (!(cause instanceof TypeError)) throw cause;
      throw root.refuse(cause.message, cause);
    }
  }

  /** See `Tokenizer.encodeOrdinary`. Added tokens that are not special, such as runs of blanks, are used. */
  encodeOrdinary(text: string): Uint32Array {
    return Uint32Array.from(this.#idsOf(text.toWellFormed(), () => false));
  }

  /** See `Tokenizer.encode`. */
  override encode(text: string, options: SpecialOptions = {}): Uint32Array {
    const allowed = this.checkSpecial(text, options);
    const ids = this.#idsOf(text.toWellFormed(), ({ content }) => allowed === null || allowed.has(content));
    const { before, after } = this.#parts.surrounding;
    return Uint32Array.from(options.addSpecialTokens === true ? [...before, ...ids, ...after] : ids);
  }

  /**
   * See `Tokenizer.decode`. What the file's decoder removes at the beginning and end of a text is removed.
   */
  override decode(ids: Iterable<number>, options: DecodeOptions = {}): string {
    const { decoder, texts } = this.#parts;
    if (decoder.onlyBytes) return super.decode(ids, options);
    const list = [...ids];
    if (options.errors === "fatal") super.decode(list, options); // throws
    const tokens = list.map((id, position) => texts[id] ?? this.#unknown(id, position));
    return decoder.steps.reduce((out: readonly string[], step) => step(out), tokens).join("");
  }

  /** Whether the end of a text can be decoded without all that stands before it. */
  get endsAlone(): boolean {
    return this.#parts.decoder.endsAlone;
  }

  #unknown(id: number, position: number): never {
    throw new RangeError(
      `Cannot decode id ${id} at position ${position}: the vocabulary has no such token; its ids are below ` +
        `${this.vocabSize}`,
    );
  }

  #idsOf(text: string, allows: (token: AddedToken) => boolean): number[] {
    const { segments, preTokenizer } = this.#parts, out: number[] = [];
    for (const segment of segments.split(text, allows)) {
      if ("id" in segment) {
        out.push(segment.id);
        continue;
      }
      let pieces = { texts: [segment.text] as readonly string[], atStart: segment.start === 0 };
      for (const step of preTokenizer.steps) pieces = step(pieces);
      for (const piece of pieces.texts) for (const id of this.#pieceIds(piece)) out.push(id);
    }
    return out;
  }

  #pieceIds(piece: string): Uint32Array {
    const cached = this.#cache.get(piece);
    if (cached !== undefined) return cached;
    const ids = this.#parts.model.encode(this.#parts.preTokenizer.bytes ? byteCharacters(piece) : piece);
    if (piece.length <= longestCached) {
      if (this.#cache.size === mostCached) this.#cache.clear();
      this.#cache.set(piece, ids);
    }
    return ids;
  }
}

function parsed(json: string, file: string): unknown {
  try {
    return JSON.parse(json);
  } catch (cause) {
    throw new SyntaxError(`Cannot read ${file}: not JSON: ${excerpt(String(cause))}`, { cause });
  }
}

function specialIds(added: readonly AddedToken[]): Map<string, number> {
  return new Map(added.filter(({ special }) => special).map(({ content, id }) => [content, id]));
}

/**
 * Returns the texts that the decoder takes for tokens, indexed by id. For an added token that is found in
 * normalized text it is the normalized one.
 */
function tokenTexts(
  { model, added, normalize }: Pick<Parts, "model" | "added"> & { readonly normalize: Normalizer | null },
): (string | undefined)[] {
  const texts: (string | undefined)[] = [];
  for (const [text, id] of model.vocab) texts[id] = text;
  for (const { id, content, normalized } of added) {
    texts[id] = normalized && normalize !== null ? normalize(content) : content;
  }
  return Array.from(texts); // holes become undefined
}

/** Returns the bytes of the tokens that are not special, indexed by id. */
function tokenBytes({ added, decoder, texts }: Parts): (Uint8Array | undefined)[] {
  const special = new Set(added.filter(({ special }) => special).map(({ id }) => id));
  return texts.map((text, id) => text === undefined || special.has(id) ? undefined : decoder.bytes(text));
}

/** Returns the bytes as which special tokens are decoded. */
function specialBytes({ added, decoder, texts }: Parts): Map<number, Uint8Array> {
  return new Map(
    added.filter(({ special }) => special).map((
      { id, content },
    ) => [id, decoder.bytes(texts[id] ?? content)]),
  );
}
