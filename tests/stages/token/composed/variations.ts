/**
 * Tokenizers that differ from SmolLM2's or Llama 2's in one component each.
 *
 * @module
 */
import { publishedShapes } from "./shapes.ts";

const byteLevel = { type: "ByteLevel", add_prefix_space: false, trim_offsets: true, use_regex: true };
const onlyBytes = { ...byteLevel, use_regex: false };

/** Returns the content of `tokenizer.json` of each variation, keyed by what is special about it. */
export async function variations(): Promise<ReadonlyMap<string, any>> {
  const shapes = await publishedShapes(), base = shapes.get("SmolLM2"), llama = shapes.get("Llama 2");
  const end: number = base.added_tokens[0].id;
  const out = new Map<string, any>();
  const add = (what: unknown, changes: object): void =>
    void out.set(typeof what === "string" ? what : JSON.stringify(what), { ...base, ...changes });
  const before = (...parts: object[]): object => ({ type: "Sequence", pretokenizers: parts });

  for (const behavior of ["Removed", "Isolated", "MergedWithPrevious", "MergedWithNext", "Contiguous"]) {
    for (const invert of [false, true]) {
      for (const Regex of ["\\s+", "[A-Z]", "\\p{L}+", "'|\\d"]) {
        const split = { type: "Split", pattern: { Regex }, behavior, invert };
        add(split, { pre_tokenizer: before(split, onlyBytes) });
      }
    }
  }
  add("a literal pattern", {
    pre_tokenizer: before(
      { type: "Split", pattern: { String: "the" }, behavior: "MergedWithNext", invert: false },
      byteLevel,
    ),
  });
  for (
    const part of [
      { type: "WhitespaceSplit" },
      { type: "Punctuation" },
      { type: "BertPreTokenizer" },
      { type: "Whitespace" },
      { type: "Digits", individual_digits: false },
      { type: "FixedLength", length: 3 },
      { type: "CharDelimiterSplit", delimiter: "e" },
      { type: "Metaspace", replacement: "_", prepend_scheme: "always", split: true },
      { type: "Metaspace", replacement: "_", prepend_scheme: "first", split: true },
      { type: "Metaspace", replacement: "▁", prepend_scheme: "never", split: true },
    ]
  ) add(part, { pre_tokenizer: before(part, byteLevel) });
  for (
    const normalizer of [
      { type: "NFKC" },
      { type: "NFD" },
      { type: "NFKD" },
      { type: "Lowercase" },
      { type: "Strip", strip_left: true, strip_right: false },
      { type: "Strip", strip_left: false, strip_right: true },
      { type: "Sequence", normalizers: [{ type: "NFD" }, { type: "StripAccents" }, { type: "Lowercase" }] },
      {
        type: "BertNormalizer",
        clean_text: true,
        handle_chinese_chars: true,
        strip_accents: null,
        lowercase: true,
      },
      { type: "Replace", pattern: { Regex: " {2,}" }, content: "▁" },
      { type: "Replace", pattern: { Regex: "\\s" }, content: "" },
      { type: "Prepend", prepend: "▁" },
    ]
  ) add(normalizer, { normalizer });
  for (
    const options of [
      { lstrip: true },
      { rstrip: true },
      { single_word: true },
      { single_word: true, lstrip: true, rstrip: true },
      { normalized: true, lstrip: true },
      { special: false, rstrip: true, single_word: true },
    ]
  ) {
    const plain = { single_word: false, lstrip: false, rstrip: false, normalized: false, special: true };
    add(options, {
      added_tokens: [
        { ...plain, id: end, content: "<mask>", ...options },
        { ...plain, id: end + 1, content: "night", ...options },
        { ...plain, id: end + 2, content: "  ", special: false },
        { ...plain, id: end + 3, content: "Qx", special: false, normalized: true },
      ],
    });
  }
  const metaspace = { type: "Metaspace", replacement: "▁", prepend_scheme: "always", split: true };
  for (
    const model of [
      { byte_fallback: false },
      { byte_fallback: false, fuse_unk: false },
      { byte_fallback: false, unk_token: null },
      { ignore_merges: true },
    ]
  ) {
    const changed = { ...llama, model: { ...llama.model, ...model } };
    out.set(JSON.stringify(model), changed);
    out.set(`${JSON.stringify(model)} and Metaspace`, {
      ...changed,
      normalizer: null,
      pre_tokenizer: metaspace,
      decoder: metaspace,
    });
  }
  const decoders = [
    { type: "WordPiece", prefix: "##", cleanup: true },
    { type: "WordPiece", prefix: "▁", cleanup: false },
    { type: "CTC", pad_token: "e", word_delimiter_token: "▁", cleanup: true },
    { type: "CTC", pad_token: "", word_delimiter_token: "|", cleanup: false },
    { type: "BPEDecoder", suffix: "t" },
    sequenceOf({ type: "ByteFallback" }, { type: "Replace", pattern: { Regex: "▁+" }, content: " " }),
    sequenceOf({ type: "Fuse" }, { type: "Replace", pattern: { String: "▁t" }, content: "T" }),
    sequenceOf({ type: "Strip", content: "▁", start: 2, stop: 0 }, { type: "Fuse" }),
    sequenceOf({ type: "ByteFallback" }, metaspace),
    sequenceOf(metaspace, { type: "ByteFallback" }, { type: "Fuse" }),
    null,
  ];
  for (const decoder of decoders) {
    out.set(`Llama 2 decoded by ${JSON.stringify(decoder)}`, { ...llama, decoder });
  }
  for (const decoder of [sequenceOf(byteLevel, { type: "Fuse" }), sequenceOf({ type: "Fuse" }, byteLevel)]) {
    add(`decoded by ${JSON.stringify(decoder)}`, { decoder });
  }
  const special = { single_word: false, lstrip: false, rstrip: false, normalized: false, special: true };
  const bytes = Object.entries(llama.model.vocab).filter(([text]) => /^<0x..>$/.test(text));
  out.set("Llama 2 whose bytes are special tokens", {
    ...llama,
    added_tokens: [...llama.added_tokens, ...bytes.map(([content, id]) => ({ ...special, id, content }))],
  });
  for (const flag of [true, false]) {
    add(`added tokens in lower case, normalized: ${flag}`, {
      normalizer: { type: "Lowercase" },
      added_tokens: ["<|End|>", "Night", "<X▁>"].map((content, i) => (
        { ...special, id: end + i, content, normalized: flag, special: i === 0 }
      )),
    });
  }
  return out;
}

function sequenceOf(...decoders: object[]): object {
  return { type: "Sequence", decoders };
}
