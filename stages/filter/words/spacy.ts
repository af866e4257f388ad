/**
 * Splits text into words and sentences as spaCy's blank English pipeline with its sentencizer does. FineWeb
 * has used this tokenizer for words since 2024.
 *
 * The text is first split at white space into chunks. From both ends of a chunk, prefixes and suffixes are
 * removed until an exception or no further affix is left. The rest is split at infixes. Finally, exceptions
 * that were split into several tokens are joined again: "hello:)" gives "hello" and ":)".
 *
 * Source: spaCy's documentation of its tokenizer (spacy.io/usage/linguistic-features, "How spaCy's tokenizer
 * works") and its language data. The work grows linearly with the length of the text.
 *
 * @module
 */
import { spacePattern, strip, wordPattern } from "./python_text.ts";
import { spacyExceptions } from "./spacy_exceptions.ts";
import { hasInfix, prefixLength, splitInfixes, suffixLength } from "./spacy_patterns.ts";

const chunkPattern = new RegExp(`${spacePattern}|${wordPattern}`, "g");
const space = new RegExp(`^${spacePattern}$`);
const plain = /^[A-Za-z]+$/; // no rule splits such a word
const punctuation = /^\p{P}+$/u;
const sentenceEnds = new Set(
  "! . ? ։ ؟ ۔ ܀ ܁ ܂ ߹ । ॥ ၊ ။ ። ፧ ፨ ᙮ ᜵ ᜶ ᠃ ᠉ ᥄ ᥅ ᪨ ᪩ ᪪ ᪫ ᭚ ᭛ ᭞ ᭟ ᰻ ᰼ ᱾ ᱿ ‼ ‽ ⁇ ⁈ ⁉ ⸮ ⸼ ꓿ ꘎ ꘏ ꛳ ꛷ ꡶ ꡷ ꣎ ꣏ ꤯ ꧈ ꧉ ꩝ ꩞ ꩟ ꫰ ꫱ ꯫ ﹒ ﹖ ﹗ ！ ． ？ 𐩖 𐩗 𑁇 𑁈 𑂾 𑂿 𑃀 𑃁 𑅁 𑅂 𑅃 𑇅 𑇆 𑇍 𑇞 𑇟 𑈸 𑈹 𑈻 𑈼 𑊩 𑑋 𑑌 𑗂 𑗃 𑗉 𑗊 𑗋 𑗌 𑗍 𑗎 𑗏 𑗐 𑗑 𑗒 𑗓 𑗔 𑗕 𑗖 𑗗 𑙁 𑙂 𑜼 𑜽 𑜾 𑩂 𑩃 𑪛 𑪜 𑱁 𑱂 𖩮 𖩯 𖫵 𖬷 𖬸 𖭄 𛲟 𝪈 ｡ 。"
    .split(" "),
);

const maxCachedChunks = 50_000;
const maxCachedLength = 64; // UTF-16 units: longer chunks hardly ever repeat

/** Tokens of a text. */
interface SpacyTokens {
  /** Text of each token. */
  readonly texts: string[];
  /** ADJACENT, SPACED or WHITE for each token. */
  readonly spacing: number[];
  /** Indices of tokens that a split exception can begin with. */
  readonly begins: readonly number[];
}

/** Tokens of a chunk. */
interface ChunkTokens {
  /** Text of each token. */
  readonly parts: readonly string[];
  /** Indices of tokens that a split exception can begin with. */
  readonly begins: readonly number[];
}

const ADJACENT = 0; // the next token follows without a space
const SPACED = 1; // a single space follows, which belongs to no token
const WHITE = 2; // the token itself is white space

/** The tokenizer. The tokens of a chunk are cached, because the same chunks occur again and again. */
export class Spacy {
  readonly #exceptions = spacyExceptions();
  readonly #longestException = Math.max(...[...this.#exceptions.keys()].map((word) => word.length));
  /**
   * For a token, the exceptions that begin with it and that the rules alone would split, each as a list of
   * tokens.
   */
  readonly #splitExceptions = new Map<string, string[][]>();
  readonly #cache = new Map<string, ChunkTokens>();

  constructor() {
    const none = new Map<string, readonly string[]>();
    for (const word of this.#exceptions.keys()) {
      if (prefixLength(word) === 0 && suffixLength(word) === 0 && !hasInfix(word)) continue;
      const parts = this.#split(word, none);
      if (parts.length === 1) continue;
      this.#splitExceptions.set(parts[0], [...this.#splitExceptions.get(parts[0]) ?? [], parts]);
    }
  }

  /** Returns the words of a text, without tokens of white space. */
  words(text: string): string[] {
    const { texts, spacing } = this.#tokens(text);
    return texts.filter((_, i) => spacing[i] !== WHITE);
  }

  /** Returns the sentences of a text that are not blank; white space at their ends is removed. */
  sentences(text: string): string[] {
    const found: string[] = [];
    let start = 0, at = 0, ended = false;
    const close = (): void => {
      const sentence = strip(text.slice(start, at));
      if (sentence !== "") found.push(sentence);
      start = at;
    };
    const { texts, spacing } = this.#tokens(text);
    for (let i = 0; i < texts.length; i++) {
      const isEnd = sentenceEnds.has(texts[i]);
      if (ended && !isEnd && !punctuation.test(texts[i])) {
        close();
        ended = false;
      }
      ended ||= isEnd;
      at += texts[i].length + (spacing[i] === SPACED ? 1 : 0);
    }
    close();
    return found;
  }

  #tokens(text: string): SpacyTokens {
    const texts: string[] = [];
    const spacing: number[] = [];
    const begins: number[] = [];
    for (const chunk of text.match(chunkPattern) ?? []) {
      if (!isWhite(chunk)) {
        const tokens = this.#chunk(chunk);
        for (const i of tokens.begins) begins.push(texts.length + i);
        for (const part of tokens.parts) {
          texts.push(part);
          spacing.push(ADJACENT);
        }
        continue;
      }
      const hasSpacer = chunk[0] === " " && texts.length > 0; // a leading space belongs to no token
      if (hasSpacer) spacing[spacing.length - 1] = SPACED;
      if (hasSpacer && chunk.length === 1) continue;
      texts.push(hasSpacer ? chunk.slice(1) : chunk);
      spacing.push(WHITE);
    }
    return this.#joinExceptions({ texts, spacing, begins });
  }

  #chunk(chunk: string): ChunkTokens {
    const cached = this.#cache.get(chunk);
    if (cached !== undefined) return cached;
    const parts = this.#exception(chunk, this.#exceptions) ??
      (plain.test(chunk) ? [chunk] : this.#split(chunk, this.#exceptions));
    const begins = [...parts.keys()].filter((i) => this.#splitExceptions.has(parts[i]));
    if (chunk.length <= maxCachedLength) {
      if (this.#cache.size === maxCachedChunks) this.#cache.clear();
      this.#cache.set(chunk, { parts, begins });
    }
    return { parts, begins };
  }

  #exception(
    word: string,
    exceptions: ReadonlyMap<string, readonly string[]>,
  ): readonly string[] | undefined {
    return word.length > this.#longestException ? undefined : exceptions.get(word);
  }

  /**
   * Returns the tokens of a chunk that is not itself an exception: prefixes, the rest split at infixes,
   * suffixes.
   */
  #split(chunk: string, exceptions: ReadonlyMap<string, readonly string[]>): string[] {
    const parts: string[] = [];
    const after: string[] = [];
    let rest = chunk;
    while (rest !== "" && this.#exception(rest, exceptions) === undefined) {
      const before = prefixLength(rest);
      if (before > 0 && this.#exception(rest.slice(before), exceptions) !== undefined) {
        parts.push(rest.slice(0, before));
        rest = rest.slice(before);
        break;
      }
      const behind = suffixLength(rest.slice(before));
      if (behind > 0 && this.#exception(rest.slice(0, -behind), exceptions) !== undefined) {
        after.push(rest.slice(-behind));
        rest = rest.slice(0, -behind);
        break;
      }
      if (before === 0 && behind === 0) break;
      if (before > 0) parts.push(rest.slice(0, before));
      if (behind > 0) after.push(rest.slice(-behind));
      rest = rest.slice(before, behind > 0 ? -behind : undefined);
    }
    if (rest !== "") {
      for (const part of this.#exception(rest, exceptions) ?? splitInfixes(rest)) {
        parts.push(part);
      }
    }
    return parts.concat(after.reverse());
  }

  /**
   * Replaces the tokens of split exceptions by the tokens that the exceptions define. If exceptions overlap,
   * the longest one is used, or the first of the longest ones. Tokens with a space between them are never
   * joined.
   */
  #joinExceptions(tokens: SpacyTokens): SpacyTokens {
    const { texts, spacing } = tokens;
    const found: [start: number, end: number][] = [];
    for (const i of tokens.begins) {
      for (const parts of this.#splitExceptions.get(texts[i]) ?? []) {
        if (parts.every((part, k) => texts[i + k] === part)) found.push([i, i + parts.length]);
      }
    }
    if (found.length === 0) return tokens;
    found.sort(([a, b], [c, d]) => (d - c) - (b - a) || a - c);
    const taken = new Set<number>();
    const joined = new Map<number, readonly [end: number, parts: readonly string[]]>();
    for (const [start, end] of found) {
      const free = !taken.has(start) && !taken.has(end - 1);
      for (let i = start; i < end; i++) taken.add(i);
      if (!free || spacing.slice(start, end - 1).includes(SPACED)) continue;
      const parts = this.#exceptions.get(texts.slice(start, end).join(""));
      if (parts !== undefined) joined.set(start, [end, parts]);
    }
    const all: SpacyTokens = { texts: [], spacing: [], begins: [] };
    for (let i = 0; i < texts.length;) {
      const [end, parts] = joined.get(i) ?? [i + 1, [texts[i]]];
      for (const part of parts) {
        all.texts.push(part);
        all.spacing.push(ADJACENT);
      }
      all.spacing[all.spacing.length - 1] = spacing[end - 1];
      i = end;
    }
    return all;
  }
}

/** Returns whether a chunk is white space. A chunk is either entirely white space or contains none. */
function isWhite(chunk: string): boolean {
  const unit = chunk.charCodeAt(0);
  return unit <= 32 || unit >= 0x85 ? space.test(chunk) : false;
}
