/**
 * The pre-tokenizers of byte-level BPE that GGUF files name in `tokenizer.ggml.pre`, as `tokenizer.json`
 * describes them. Source: llama.cpp, llama-vocab.cpp, and the `tokenizer.json` of the models themselves.
 *
 * @module
 */
import { GPT4_SPELLINGS, O200K_SPELLINGS } from "../split/patterns.ts";

/** A pre-tokenizer, and what its name implies. */
export interface GgufPreTokenizer {
  /** Its names; the first one is written. */
  readonly names: readonly string[];
  /** Field `pre_tokenizer` of `tokenizer.json`. */
  readonly preTokenizer: unknown;
  /** Whether a piece that is a token is encoded as it, without merges. */
  readonly ignoreMerges: boolean;
  /** Whether texts begin with the token that begins texts, unless the file says otherwise. */
  readonly addBos: boolean;
  /** Whether the models' own tokenizers compose characters (NFC). llama.cpp does not. */
  readonly composes: boolean;
}

const GPT4 = GPT4_SPELLINGS[1];
const LETTERS_AND_MARKS = GPT4.replaceAll(String.raw`\p{L}+`, String.raw`[\p{L}\p{M}]+`)
  .replace(String.raw` ?[^\s\p{L}\p{N}]+`, String.raw` ?[^\s\p{L}\p{M}\p{N}]+`);
const TEKKEN = O200K_SPELLINGS[0].replaceAll("(?i:'s|'t|'re|'ve|'m|'ll|'d)?", "")
  .replace(String.raw`\p{N}{1,3}`, String.raw`\p{N}`);
const CONTRACTIONS = String.raw`'s|'t|'re|'ve|'m|'ll|'d| ?\p{L}+| ?\p{N}+| ?[^\s\p{L}\p{N}]+|\s+(?!\S)`;
const ASCII_PUNCTUATION = String.raw`[!"#$%&'()*+,\-./:;<=>?@\[\\\]^_${"`"}{|}~]`;

/** Returns a pattern with single digits in place of up to three. */
function singleDigits(pattern: string): string {
  return pattern.replace(String.raw`\p{N}{1,3}`, String.raw`\p{N}`);
}

function byteLevel(useRegex: boolean): object {
  return { type: "ByteLevel", add_prefix_space: false, trim_offsets: true, use_regex: useRegex };
}

function sequence(...pretokenizers: readonly object[]): object {
  return { type: "Sequence", pretokenizers };
}

/** Splits by patterns, one after the other. */
function splits(...patterns: readonly string[]): object {
  const parts = patterns.map((Regex) => ({
    type: "Split",
    pattern: { Regex },
    behavior: "Isolated",
    invert: false,
  }));
  return sequence(...parts, byteLevel(false));
}

function named(
  names: string,
  preTokenizer: object,
  { ignoreMerges = false, addBos = false, composes = false }: Partial<
    Pick<GgufPreTokenizer, "ignoreMerges" | "addBos" | "composes">
  > = {},
): GgufPreTokenizer {
  return { names: names.split(" "), preTokenizer, ignoreMerges, addBos, composes };
}

const digits = { type: "Digits", individual_digits: true };

/** The known pre-tokenizers. */
export const ggufPreTokenizers: readonly GgufPreTokenizer[] = [
  named(
    "gpt-2 gpt2 phi-2 mpt olmo jais trillion granite-docling jina-es jina-de jina-v2-es jina-v2-de gigachat a.x-4.0 " +
      "mellum modern-bert exaone4 roberta-bpe jina-v1-en jina-v2-code",
    byteLevel(true),
  ),
  named(
    "smollm starcoder refact command-r codeshell exaone minerva-7b mellum2",
    sequence(digits, byteLevel(true)),
  ),
  named("llama-bpe llama3 llama-v3 falcon3 falcon-h1 pixtral midm-2.0 lfm2 jina-v5-nano", splits(GPT4), {
    ignoreMerges: true,
    addBos: true,
  }),
  named("dbrx smaug-bpe glm4 chatglm-bpe", splits(GPT4)),
  named("qwen2 deepseek-r1-qwen kormo f2llmv2 megrez", splits(singleDigits(GPT4)), { composes: true }),
  named("stablelm2 hunyuan solar-open grok-2", splits(singleDigits(GPT4))),
  named("qwen35", splits(singleDigits(LETTERS_AND_MARKS)), { composes: true }),
  named("gpt-4o llama4 kanana2 minimax-m2", splits(O200K_SPELLINGS[0])),
  named("tekken", splits(TEKKEN), { ignoreMerges: true, addBos: true }),
  named(
    "seed-coder",
    splits(
      singleDigits(GPT4).replace(String.raw` ?[^\s\p{L}\p{N}]+[\r\n]*`, String.raw` ?[^\s\p{L}\p{N}\r\n]+`),
    ),
  ),
  named(
    "deepseek-coder",
    splits(
      String.raw`[\r\n]`,
      String.raw`\s?\p{L}+`,
      String.raw`\s?\p{P}+`,
      "[一-龥ࠀ-一가-퟿]+",
      String.raw`\p{N}`,
    ),
  ),
  named(
    "deepseek-v3 hunyuan-dense",
    splits(
      String.raw`\p{N}{1,3}`,
      "[一-龥぀-ゟ゠-ヿ]+",
      String
        .raw`${ASCII_PUNCTUATION}[A-Za-z]+|[^\r\n\p{L}\p{P}\p{S}]?[\p{L}\p{M}]+| ?[\p{P}\p{S}]+[\r\n]*|\s*[\r\n]+|\s+(?!\S)|\s+`,
    ),
  ),
  named("falcon", splits("[\\p{P}\\$\\+<=>\\^~\\|`]+", CONTRACTIONS, "[0-9][0-9][0-9]")),
  named(
    "default",
    splits(String.raw`[\p{P}\$\+<=>\^~\|]+`, CONTRACTIONS, String.raw`\p{N}+`, "[0-9][0-9][0-9]"),
  ),
];

/** Returns the pre-tokenizer of a name, or undefined. */
export function ggufPreTokenizer(name: string): GgufPreTokenizer | undefined {
  return ggufPreTokenizers.find(({ names }) => names.includes(name));
}

/**
 * Returns the pre-tokenizer that does the same as a field `pre_tokenizer`, or undefined. Spellings of one
 * pattern are the same, and so is Digits beside its pattern.
 */
export function ggufPreTokenizerOf(
  field: unknown,
  { ignoreMerges, composes }: { readonly ignoreMerges: boolean; readonly composes: boolean },
): GgufPreTokenizer | undefined {
  const text = canonical(field);
  const same = ggufPreTokenizers.filter(({ preTokenizer }) => canonical(preTokenizer) === text);
  const exact = same.filter((known) => known.ignoreMerges === ignoreMerges);
  return exact.find((known) => known.composes === composes) ?? exact[0];
}

/** A description of a pre-tokenizer that does not depend on how it is written. */
function canonical(field: unknown): string {
  return JSON.stringify(
    flat(field).map((part) => {
      const { type, use_regex, add_prefix_space, pattern, behavior, invert, individual_digits } = part;
      switch (type) {
        case "ByteLevel":
          return [type, use_regex !== false, add_prefix_space !== false];
        case "Split": {
          const regex = regexOf(pattern);
          if (regex === null) return part;
          return [type, regex, behavior, invert === true];
        }
        case "Digits":
          return individual_digits === true ? ["Split", String.raw`\p{N}`, "Isolated", false] : part;
        default:
          return part;
      }
    }),
  );
}

/** Returns the parts of a pre-tokenizer, without sequences around them. */
function flat(field: unknown): Record<string, unknown>[] {
  if (typeof field !== "object" || field === null) return [];
  const part: Record<string, unknown> = { ...field };
  if (part.type !== "Sequence") return [part];
  return Array.isArray(part.pretokenizers) ? part.pretokenizers.flatMap(flat) : [part];
}

function regexOf(pattern: unknown): string | null {
  if (typeof pattern !== "object" || pattern === null || !("Regex" in pattern)) return null;
  const { Regex: source } = pattern;
  if (typeof source !== "string") return null;
  for (const spellings of [GPT4_SPELLINGS, GPT4_SPELLINGS.map(singleDigits), O200K_SPELLINGS]) {
    if (spellings.includes(source)) return spellings[0];
  }
  return source;
}
