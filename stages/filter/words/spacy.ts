/**
 * Words and sentences as spaCy's blank English pipeline with its sentencizer cuts them: FineWeb's word tokenizer since
 * 2024. White space first; then, off each run, prefixes and suffixes until an exception or nothing is left; then
 * infixes; at last exceptions that lie across tokens ("hello:)" → hello :)) are put together.
 *
 * Source: spaCy's documentation of its tokenizer (spacy.io/usage/linguistic-features, "How spaCy's tokenizer works")
 * and its language data. Work is bounded by the text's length: only a word's ends are ever looked at again.
 *
 * @module
 */
import { spacePattern, strip, wordPattern } from "./python_text.ts";
import { spacyExceptions } from "./spacy_exceptions.ts";
import { alpha, icons, lower, marks, quotes, upper } from "./spacy_letters.ts";
import { isAddress } from "./spacy_url.ts";

const currency = "US\\$|C\\$|A\\$|[$£€¥฿₽﷼₴₠-₿]";
const units =
  "km[²³]?|[dcm]?m[²³]?|ha|µm|nm|yd|in|ft|[km]?g|µg|t|lb|oz|m/s|km/h|kmh|mph|hPa|Pa|mbar|[mkgt]b|[MKGT]B|" +
  "[TGMK%]|км[²³]?|[дсм]?м[²³]?|нм|[км]?г|м/с|км/ч|кПа|Па|мбар|[КМГТ]б|[КМГТ]Б|[кмг]б|тбكم|كم[²³]?|[سم]?م[²³]?|غرام|جرام|" +
  "جم|كغ|ملغ|كوب|اكواب";
const prefix = new RegExp(
  `^(?:[§%=—–${marks}${quotes}]|\\+(?![0-9])|\\.\\.+|${currency}|${icons})`,
  "v",
);
// The ends of words: never longer than this, but for dots.
const longestSuffix = 6;
const suffix = new RegExp(
  `(?:……|[—–${marks}${quotes}]|${icons}|['’][sS]|(?<=[0-9])(?:\\+|${currency}|${units})|(?<=°[FfCcKk])\\.|` +
    `(?<=[[0-9%²\\-+\\|${marks}${quotes}]${lower}])\\.|(?<=[${upper}][${upper}])\\.)$`,
  "v",
);
const infix = new RegExp(
  `\\.\\.+|…|${icons}|(?<=[0-9])[+\\-*\\^](?=[0-9\\-])|(?<=[${lower}${quotes}])\\.(?=[${upper}${quotes}])|` +
    `(?<=[${alpha}]),(?=[${alpha}])|(?<=[${alpha}0-9])(?:---|--|——|[\\-–—~])(?=[${alpha}])|` +
    `(?<=[${alpha}0-9])[:<>=\\/](?=[${alpha}])`,
  "gv",
);
const runs = new RegExp(`${spacePattern}|${wordPattern}`, "g");
const space = new RegExp(`^${spacePattern}$`);
const plain = /^[A-Za-z]+$/; // no rule has anything to say of it
const punctuation = /^\p{P}+$/u;
const closes = new Set(
  "! . ? ։ ؟ ۔ ܀ ܁ ܂ ߹ । ॥ ၊ ။ ። ፧ ፨ ᙮ ᜵ ᜶ ᠃ ᠉ ᥄ ᥅ ᪨ ᪩ ᪪ ᪫ ᭚ ᭛ ᭞ ᭟ ᰻ ᰼ ᱾ ᱿ ‼ ‽ ⁇ ⁈ ⁉ ⸮ ⸼ ꓿ ꘎ ꘏ ꛳ ꛷ ꡶ ꡷ ꣎ ꣏ ꤯ ꧈ ꧉ ꩝ ꩞ ꩟ ꫰ ꫱ ꯫ ﹒ ﹖ ﹗ ！ ． ？ 𐩖 𐩗 𑁇 𑁈 𑂾 𑂿 𑃀 𑃁 𑅁 𑅂 𑅃 𑇅 𑇆 𑇍 𑇞 𑇟 𑈸 𑈹 𑈻 𑈼 𑊩 𑑋 𑑌 𑗂 𑗃 𑗉 𑗊 𑗋 𑗌 𑗍 𑗎 𑗏 𑗐 𑗑 𑗒 𑗓 𑗔 𑗕 𑗖 𑗗 𑙁 𑙂 𑜼 𑜽 𑜾 𑩂 𑩃 𑪛 𑪜 𑱁 𑱂 𖩮 𖩯 𖫵 𖬷 𖬸 𖭄 𛲟 𝪈 ｡ 。"
    .split(" "),
);

const rememberedRuns = 50_000;
const longestRemembered = 64; // UTF-16 units: longer runs do not come again

/** Tokens, for each one of the marks below, and those with which an exception across tokens may begin. */
interface SpacyTokens {
  readonly texts: string[];
  readonly marks: number[];
  readonly begins: readonly number[];
}

/** What a run of characters falls into, and which of its tokens may begin an exception across tokens. */
interface ChunkTokens {
  readonly parts: readonly string[];
  readonly begins: readonly number[];
}

const GLUED = 0; // the next token follows at once
const SPACED = 1; // a single space, which belongs to no token, follows
const WHITE = 2; // the token is white space

/** The tokenizer. Text repeats itself, so what a run of characters falls into is remembered. */
export class Spacy {
  readonly #exceptions = spacyExceptions();
  readonly #longestException = Math.max(...[...this.#exceptions.keys()].map((word) => word.length));
  /** Exceptions as the rules alone would cut them, by their first token. */
  readonly #across = new Map<string, string[][]>();
  readonly #known = new Map<string, ChunkTokens>();

  constructor() {
    const none = new Map<string, readonly string[]>();
    for (const word of this.#exceptions.keys()) {
      if (!prefix.test(word) && suffixLength(word) === 0 && word.search(infix) < 0) continue;
      const parts = this.#cut(word, none);
      if (parts.length > 1) this.#across.set(parts[0], [...this.#across.get(parts[0]) ?? [], parts]);
    }
  }

  /** The words of a text, white space left out. */
  words(text: string): string[] {
    const { texts, marks } = this.#tokens(text);
    return texts.filter((_, i) => marks[i] !== WHITE);
  }

  /** The sentences of a text, without white space at their ends, empty ones left out. */
  sentences(text: string): string[] {
    const found: string[] = [];
    let start = 0, at = 0, ended = false;
    const close = (): void => {
      const sentence = strip(text.slice(start, at));
      if (sentence !== "") found.push(sentence);
      start = at;
    };
    const { texts, marks } = this.#tokens(text);
    for (let i = 0; i < texts.length; i++) {
      const closing = closes.has(texts[i]);
      if (ended && !closing && !punctuation.test(texts[i])) {
        close();
        ended = false;
      }
      ended ||= closing;
      at += texts[i].length + (marks[i] === SPACED ? 1 : 0);
    }
    close();
    return found;
  }

  #tokens(text: string): SpacyTokens {
    const texts: string[] = [];
    const marks: number[] = [];
    const begins: number[] = [];
    for (const run of text.match(runs) ?? []) {
      if (!isWhite(run)) {
        const known = this.#run(run);
        for (const i of known.begins) begins.push(texts.length + i);
        for (const part of known.parts) {
          texts.push(part);
          marks.push(GLUED);
        }
        continue;
      }
      const first = run[0] === " " && texts.length > 0; // the first space belongs to the token before
      if (first) marks[marks.length - 1] = SPACED;
      if (first && run.length === 1) continue;
      texts.push(first ? run.slice(1) : run);
      marks.push(WHITE);
    }
    return this.#joinAcross({ texts, marks, begins });
  }

  #run(run: string): ChunkTokens {
    const known = this.#known.get(run);
    if (known !== undefined) return known;
    const parts = this.#exception(run, this.#exceptions) ??
      (plain.test(run) ? [run] : this.#cut(run, this.#exceptions));
    const begins = [...parts.keys()].filter((i) => this.#across.has(parts[i]));
    if (run.length <= longestRemembered) {
      if (this.#known.size === rememberedRuns) this.#known.clear();
      this.#known.set(run, { parts, begins });
    }
    return { parts, begins };
  }

  #exception(
    word: string,
    exceptions: ReadonlyMap<string, readonly string[]>,
  ): readonly string[] | undefined {
    return word.length > this.#longestException ? undefined : exceptions.get(word);
  }

  /** Prefixes, what is within, suffixes. */
  #cut(run: string, exceptions: ReadonlyMap<string, readonly string[]>): string[] {
    const parts: string[] = [];
    const after: string[] = [];
    let rest = run;
    while (rest !== "" && this.#exception(rest, exceptions) === undefined) {
      const before = prefix.exec(rest)?.[0].length ?? 0;
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
      for (const part of this.#exception(rest, exceptions) ?? within(rest)) {
        parts.push(part);
      }
    }
    return parts.concat(after.reverse());
  }

  /** Of exceptions that overlap the longest counts, then the first; one with a space in it stays as it is. */
  #joinAcross(tokens: SpacyTokens): SpacyTokens {
    const { texts, marks } = tokens;
    const found: [start: number, end: number][] = [];
    for (const i of tokens.begins) {
      for (const parts of this.#across.get(texts[i]) ?? []) {
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
      if (!free || marks.slice(start, end - 1).includes(SPACED)) continue;
      const parts = this.#exceptions.get(texts.slice(start, end).join(""));
      if (parts !== undefined) joined.set(start, [end, parts]);
    }
    const all: SpacyTokens = { texts: [], marks: [], begins: [] };
    for (let i = 0; i < texts.length;) {
      const [end, parts] = joined.get(i) ?? [i + 1, [texts[i]]];
      for (const part of parts) {
        all.texts.push(part);
        all.marks.push(GLUED);
      }
      all.marks[all.marks.length - 1] = marks[end - 1];
      i = end;
    }
    return all;
  }
}

/** Whether a run is one of white space: then all of it is. */
function isWhite(run: string): boolean {
  const unit = run.charCodeAt(0);
  return unit <= 32 || unit >= 0x85 ? space.test(run) : false;
}

function suffixLength(word: string): number {
  let dots = 0;
  while (dots < word.length && word[word.length - 1 - dots] === ".") dots++;
  if (dots > 1) return dots;
  const tail = word.slice(-longestSuffix - 4); // with what stands before it
  const found = suffix.exec(tail);
  return found === null ? 0 : found[0].length;
}

function within(word: string): string[] {
  if (isAddress(word)) return [word];
  const parts: string[] = [];
  let start = 0;
  for (const { 0: { length }, index } of word.matchAll(infix)) {
    if (index === 0) continue; // what a word begins with is no infix
    if (index > start) parts.push(word.slice(start, index));
    parts.push(word.slice(index, index + length));
    start = index + length;
  }
  if (start < word.length) parts.push(word.slice(start));
  return parts;
}
