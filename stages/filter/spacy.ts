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
const punctuation = /^\p{P}+$/u;
const closes = new Set(
  "! . ? ։ ؟ ۔ ܀ ܁ ܂ ߹ । ॥ ၊ ။ ። ፧ ፨ ᙮ ᜵ ᜶ ᠃ ᠉ ᥄ ᥅ ᪨ ᪩ ᪪ ᪫ ᭚ ᭛ ᭞ ᭟ ᰻ ᰼ ᱾ ᱿ ‼ ‽ ⁇ ⁈ ⁉ ⸮ ⸼ ꓿ ꘎ ꘏ ꛳ ꛷ ꡶ ꡷ ꣎ ꣏ ꤯ ꧈ ꧉ ꩝ ꩞ ꩟ ꫰ ꫱ ꯫ ﹒ ﹖ ﹗ ！ ． ？ 𐩖 𐩗 𑁇 𑁈 𑂾 𑂿 𑃀 𑃁 𑅁 𑅂 𑅃 𑇅 𑇆 𑇍 𑇞 𑇟 𑈸 𑈹 𑈻 𑈼 𑊩 𑑋 𑑌 𑗂 𑗃 𑗉 𑗊 𑗋 𑗌 𑗍 𑗎 𑗏 𑗐 𑗑 𑗒 𑗓 𑗔 𑗕 𑗖 𑗗 𑙁 𑙂 𑜼 𑜽 𑜾 𑩂 𑩃 𑪛 𑪜 𑱁 𑱂 𖩮 𖩯 𖫵 𖬷 𖬸 𖭄 𛲟 𝪈 ｡ 。"
    .split(" "),
);

const rememberedRuns = 50_000;
const longestRemembered = 64; // UTF-16 units: longer runs do not come again

/** A token and whether a single space, which belongs to no token, follows it. */
type Token = readonly [text: string, space: boolean];

/** The tokenizer. Text repeats itself, so what a run of characters falls into is remembered. */
export class Spacy {
  readonly #exceptions = spacyExceptions();
  readonly #longestException = Math.max(...[...this.#exceptions.keys()].map((word) => word.length));
  /** Exceptions as the rules alone would cut them, by their first token. */
  readonly #across = new Map<string, string[][]>();
  readonly #known = new Map<string, readonly string[]>();

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
    const words: string[] = [];
    for (const [word] of this.#tokens(text)) if (!space.test(word)) words.push(word);
    return words;
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
    for (const [word, spaced] of this.#tokens(text)) {
      const closing = closes.has(word);
      if (ended && !closing && !punctuation.test(word)) {
        close();
        ended = false;
      }
      ended ||= closing;
      at += word.length + (spaced ? 1 : 0);
    }
    close();
    return found;
  }

  #tokens(text: string): Token[] {
    const tokens: Token[] = [];
    for (const [run] of text.matchAll(runs)) {
      if (!space.test(run)) {
        for (const part of this.#run(run)) tokens.push([part, false]);
        continue;
      }
      const single = run[0] === " " && tokens.length > 0; // the first space belongs to the token before
      if (single) tokens[tokens.length - 1] = [tokens[tokens.length - 1][0], true];
      if (!single || run.length > 1) tokens.push([single ? run.slice(1) : run, false]);
    }
    return this.#joinAcross(tokens);
  }

  #run(run: string): readonly string[] {
    let parts = this.#known.get(run);
    if (parts === undefined) {
      parts = this.#exception(run, this.#exceptions) ?? this.#cut(run, this.#exceptions);
      if (run.length > longestRemembered) return parts;
      if (this.#known.size === rememberedRuns) this.#known.clear();
      this.#known.set(run, parts);
    }
    return parts;
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
  #joinAcross(tokens: Token[]): Token[] {
    const found: [start: number, end: number][] = [];
    for (let i = 0; i < tokens.length; i++) {
      for (const parts of this.#across.get(tokens[i][0]) ?? []) {
        if (parts.every((part, k) => tokens[i + k]?.[0] === part)) found.push([i, i + parts.length]);
      }
    }
    if (found.length === 0) return tokens;
    found.sort(([a, b], [c, d]) => (d - c) - (b - a) || a - c);
    const taken = new Set<number>();
    const joined = new Map<number, readonly [end: number, parts: readonly string[]]>();
    for (const [start, end] of found) {
      const free = !taken.has(start) && !taken.has(end - 1);
      for (let i = start; i < end; i++) taken.add(i);
      const span = tokens.slice(start, end);
      if (!free || span.some(([, spaced], i) => spaced && i < span.length - 1)) continue;
      const parts = this.#exceptions.get(span.map(([text]) => text).join(""));
      if (parts !== undefined) joined.set(start, [end, parts]);
    }
    const all: Token[] = [];
    for (let i = 0; i < tokens.length;) {
      const here = joined.get(i);
      if (here === undefined) {
        all.push(tokens[i++]);
        continue;
      }
      const [end, parts] = here;
      parts.forEach((part, k) => all.push([part, k === parts.length - 1 && tokens[end - 1][1]]));
      i = end;
    }
    return all;
  }
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
