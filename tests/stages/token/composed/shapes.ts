/**
 * Small tokenizers with the structure of published ones: the same normalizers, pre-tokenizers, model options,
 * added tokens and decoders, with a vocabulary of a few hundred tokens.
 *
 * @module
 */
import { trainBpe } from "../../../../stages/token/train/train_bpe.ts";
import { huggingFaceJson } from "../../../../stages/token/files/hugging_face.ts";

const SAMPLE =
  "It's the night's night; the NIGHTS of 12345 knights don't end. We the people, 100 years of cafés: " +
  "function  main() {\n    return 42;\n}\n\n  Über naïve 안녕 你好 了 the there then <|x|> ".repeat(3);

/** An added token as the file writes it; by default special. */
function added(id: number, content: string, options: object = {}): object {
  const plain = { single_word: false, lstrip: false, rstrip: false, normalized: false, special: true };
  return { id, content, ...plain, ...options };
}

const byteLevel = (options: object = {}): object => ({
  type: "ByteLevel",
  add_prefix_space: false,
  trim_offsets: true,
  use_regex: true,
  ...options,
});

const splitBy = (regex: string, behavior = "Isolated", invert = false): object => ({
  type: "Split",
  pattern: { Regex: regex },
  behavior,
  invert,
});

const sequence = (...pretokenizers: object[]): object => ({ type: "Sequence", pretokenizers });

const template = (id: number, token: string): object => ({
  type: "TemplateProcessing",
  single: [{ SpecialToken: { id: token, type_id: 0 } }, { Sequence: { id: "A", type_id: 0 } }],
  pair: [{ Sequence: { id: "A", type_id: 0 } }, { Sequence: { id: "B", type_id: 1 } }],
  special_tokens: { [token]: { id: token, ids: [id], tokens: [token] } },
});

const GPT4 = String
  .raw`(?i:'s|'t|'re|'ve|'m|'ll|'d)|[^\r\n\p{L}\p{N}]?\p{L}+|\p{N}{1,3}| ?[^\s\p{L}\p{N}]+[\r\n]*|\s*[\r\n]+|\s+(?!\S)|\s+`;
const QWEN = GPT4.replace("{1,3}", "");
const DEEPSEEK = [
  String.raw`[\r\n]`,
  String.raw`\s?[A-Za-zµÀ-ÖØ-öø-ƺƼ-ƿǄ-ʓʕ-ʯͰ-ͳͶͷͻ-ͽͿΆΈ-ΊΌΎ-ΡΣ-ϵϷ-ҁҊ-ԯԱ-ՖႠ-ჅᎠ-Ᏽᏸ-ᏽᲐ-ᲺᲽ-Ჿᴀ-ᴫᵫ-ᵷᵹ-ᶚḀ-ἕἘ-Ἕ]+`,
  String.raw`\s?[!-/:-~！-／：-～‘-‟　-。]+`,
  String.raw`\s+$`,
  String.raw`[一-龥ࠀ-一가-퟿]+`,
];

/** Returns the content of `tokenizer.json` for each shape, keyed by the model it is like. */
export async function publishedShapes(): Promise<ReadonlyMap<string, any>> {
  const { tokenizer } = await trainBpe([SAMPLE], { vocabSize: 360, pattern: "gpt4" });
  const base = JSON.parse(huggingFaceJson(tokenizer));
  const end = tokenizer.vocabSize;
  const file = (changes: object, model: object = {}): any => ({
    ...base,
    ...changes,
    model: { ...base.model, ...model },
  });
  const { type: _type, ignore_merges: _ignored, ...untyped } = base.model;
  const eot = [added(end, "<|endoftext|>")];
  const chat = [added(end, "<|endoftext|>"), added(end + 1, "<|im_start|>"), added(end + 2, "<|im_end|>")];
  const strings = base.model.merges.map((pair: string[]) => pair.join(" "));
  return new Map<string, any>([
    ["GPT-2", { ...base, added_tokens: eot, model: { ...untyped, merges: strings } }],
    ["Llama 2", llama2(true)],
    ["Llama 2, Metaspace", llama2(false)],
    [
      "Llama 3",
      file({
        added_tokens: [
          added(end, "<|begin_of_text|>"),
          added(end + 1, "<|end_of_text|>"),
          added(end + 2, "<|eot_id|>"),
        ],
        pre_tokenizer: sequence(splitBy(GPT4), byteLevel({ use_regex: false })),
        post_processor: {
          type: "Sequence",
          processors: [byteLevel({ trim_offsets: false }), template(end, "<|begin_of_text|>")],
        },
      }, { ignore_merges: true }),
    ],
    [
      "Qwen 2.5 and 3",
      file({
        normalizer: { type: "NFC" },
        added_tokens: [
          ...chat,
          added(end + 3, "<tool_call>", { special: false }),
          added(end + 4, "<think>", { special: false }),
        ],
        pre_tokenizer: sequence(splitBy(QWEN), byteLevel({ use_regex: false, trim_offsets: false })),
        post_processor: byteLevel({ trim_offsets: false, use_regex: false }),
      }, { continuing_subword_prefix: "", end_of_word_suffix: "" }),
    ],
    [
      "SmolLM2",
      file({
        added_tokens: chat,
        pre_tokenizer: sequence({ type: "Digits", individual_digits: true }, byteLevel()),
      }),
    ],
    [
      "Phi-4",
      file({
        added_tokens: [
          added(end, "<|endoftext|>", { lstrip: true, rstrip: true }),
          added(end + 1, "<|im_start|>", { lstrip: true, rstrip: true }),
          added(end + 2, "<|dummy_0|>", { rstrip: true }),
        ],
        pre_tokenizer: sequence(splitBy(GPT4, "Removed", true), byteLevel({ use_regex: false })),
      }),
    ],
    [
      "OLMo",
      file({
        normalizer: { type: "NFC" },
        added_tokens: [
          added(end, "|||IP_ADDRESS|||", { special: false }),
          added(end + 1, "<|padding|>"),
          ...Array.from(
            { length: 6 },
            (_, i) => added(end + 2 + i, " ".repeat(8 - i), { special: false, normalized: true }),
          ),
          added(end + 8, "<|endoftext|>"),
        ],
        pre_tokenizer: byteLevel(),
        post_processor: byteLevel({ add_prefix_space: true }),
      }),
    ],
    [
      "DeepSeek",
      file({
        added_tokens: [
          added(end, "<｜end▁of▁sentence｜>"),
          added(end + 1, "<｜User｜>", { special: false, normalized: true }),
        ],
        pre_tokenizer: sequence(
          ...DEEPSEEK.map((regex) => splitBy(regex)),
          { type: "Digits", individual_digits: true },
          byteLevel({ use_regex: false }),
        ),
      }),
    ],
    [
      "DeepSeek 3",
      file({
        added_tokens: [added(end, "<｜end▁of▁sentence｜>")],
        pre_tokenizer: sequence(
          splitBy(String.raw`\p{N}{1,3}`),
          splitBy(String.raw`[一-龥぀-ゟ゠-ヿ]+`),
          splitBy(
            "[!\"#$%&'()*+,\\-./:;<=>?@\\[\\\\\\]^_`{|}~][A-Za-z]+|[^\r\n\\p{L}\\p{P}\\p{S}]?[\\p{L}\\p{M}]+| ?[\\p{P}\\p{S}]+[\r\n]*|\\s*[\r\n]+|\\s+(?!\\S)|\\s+",
          ),
          byteLevel({ use_regex: false }),
        ),
      }),
    ],
    [
      "StarCoder",
      file({
        added_tokens: [
          added(end, "<|endoftext|>"),
          added(end + 1, "<fim_prefix>"),
          added(end + 2, "<filename>"),
        ],
        pre_tokenizer: sequence({ type: "Digits", individual_digits: true }, byteLevel()),
        post_processor: byteLevel({ add_prefix_space: true }),
      }, { merges: strings }),
    ],
    [
      "RoBERTa",
      file({
        added_tokens: [
          added(end, "<s>", { normalized: true }),
          added(end + 1, "</s>", { normalized: true }),
          added(end + 2, "<mask>", { lstrip: true }),
        ],
        pre_tokenizer: byteLevel({ add_prefix_space: true }),
        post_processor: {
          type: "RobertaProcessing",
          sep: ["</s>", end + 1],
          cls: ["<s>", end],
          trim_offsets: true,
          add_prefix_space: true,
        },
      }),
    ],
  ]);
}

/** SentencePiece's BPE as converted: `▁` for blanks, bytes for characters that have no token. */
function llama2(legacy: boolean): any {
  const vocab: Record<string, number> = { "<unk>": 0, "<s>": 1, "</s>": 2 };
  const add = (token: string): void => void (vocab[token] ??= Object.keys(vocab).length);
  for (let byte = 0; byte < 256; byte++) add(`<0x${byte.toString(16).toUpperCase().padStart(2, "0")}>`);
  for (const character of "▁etaoinshrdlucmfwypvbgkjqxz0123456789.,'\n{}()<>|IWTé你") add(character);
  const merges =
    "▁ t|h e|▁t he|▁ a|i n|o n|r e|e r|▁ ▁|▁▁ ▁▁|n d|▁a nd|s t|e n|▁ w|▁w e|▁ n|i g|h t|ig ht|▁n ight".split(
      "|",
    );
  for (const merge of merges) add(merge.replace(" ", ""));
  return {
    version: "1.0",
    truncation: null,
    padding: null,
    added_tokens: ["<unk>", "<s>", "</s>"].map((token, id) => added(id, token)),
    normalizer: legacy
      ? {
        type: "Sequence",
        normalizers: [
          { type: "Prepend", prepend: "▁" },
          { type: "Replace", pattern: { String: " " }, content: "▁" },
        ],
      }
      : null,
    pre_tokenizer: legacy
      ? null
      : { type: "Metaspace", replacement: "▁", prepend_scheme: "first", split: false },
    post_processor: template(1, "<s>"),
    decoder: {
      type: "Sequence",
      decoders: [
        { type: "Replace", pattern: { String: "▁" }, content: " " },
        { type: "ByteFallback" },
        { type: "Fuse" },
        { type: "Strip", content: " ", start: 1, stop: 0 },
      ],
    },
    model: {
      type: "BPE",
      dropout: null,
      unk_token: "<unk>",
      continuing_subword_prefix: null,
      end_of_word_suffix: null,
      fuse_unk: true,
      byte_fallback: true,
      ignore_merges: false,
      vocab,
      merges,
    },
  };
}
