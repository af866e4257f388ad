/**
 * The metadata of a GGUF file that describes a tokenizer. Byte-level BPE whose pre-tokenizer has a name in
 * llama.cpp, and byte-fallback BPE whose merges follow from scores, can be written; others are left out with
 * the reason.
 *
 * @module
 */
import type { GgufField } from "../../format/model/gguf/head.ts";
import { BpeTokenizer } from "../bpe.ts";
import { ComposedTokenizer } from "../composed/composed_tokenizer.ts";
import { endOfTextIfAny } from "../end_of_text.ts";
import { fitsVocabulary } from "../files/gpt2_files.ts";
import { huggingFaceJson } from "../files/hugging_face.ts";
import type { Tokenizer } from "../tokenizer.ts";
import { ggufTokenTypes } from "./gguf_tokenizer.ts";
import { type GgufPreTokenizer, ggufPreTokenizerOf, ggufPreTokenizers } from "./pre_tokenizers.ts";
import { scoresOfMerges } from "./score_merges.ts";

/** Metadata, and what of the tokenizer it does not say. */
export interface GgufTokenizerFields {
  readonly fields: ReadonlyMap<string, GgufField>;
  /** A sentence for what is left out. */
  readonly changes: readonly string[];
}

/**
 * Returns the metadata of a tokenizer for a model of `vocabSize` tokens. Without a tokenizer, or for one that
 * the format cannot hold, the file says that it has none.
 */
export function ggufTokenizerFields(tokenizer: Tokenizer | null, vocabSize: number): GgufTokenizerFields {
  const none = (reason: string): GgufTokenizerFields => ({
    fields: new Map([["tokenizer.ggml.model", { type: "string", value: "none" }]]),
    changes: [`the file has no tokenizer: ${reason}`],
  });
  if (tokenizer === null) return none("there is none beside the model");
  const json = jsonOf(tokenizer);
  if (json === null) return none("the format has no place for one of this kind");
  const parts = partsOf(json);
  const kind = parts.byteFallback ? sentencePiece(parts) : byteLevel(parts);
  if (typeof kind === "string") return none(kind);
  const tokens = tokensOf(parts, vocabSize);
  return {
    fields: new Map<string, GgufField>([
      ...kind.fields,
      ["tokenizer.ggml.tokens", { type: "strings", value: tokens.map(({ text }) => text) }],
      ["tokenizer.ggml.token_type", { type: "i32s", value: tokens.map(({ type }) => type) }],
      ...kind.scores === undefined ? [] : [
        [
          "tokenizer.ggml.scores",
          { type: "f32s", value: tokens.map(({ text }) => kind.scores?.get(text) ?? 0) },
        ] as const,
      ],
      ...roleFields(tokenizer),
    ]),
    changes: kind.changes,
  };
}

/** What is needed of a `tokenizer.json`. */
interface Parts {
  readonly vocab: ReadonlyMap<string, number>;
  readonly merges: readonly (readonly [string, string])[];
  readonly added: readonly { readonly id: number; readonly content: string; readonly special: boolean }[];
  readonly byteFallback: boolean;
  readonly ignoreMerges: boolean;
  readonly normalizer: any;
  readonly preTokenizer: unknown;
  readonly unknown: string | null;
  /** Why no GGUF file can hold the tokenizer; null if nothing is against it. */
  readonly fault: string | null;
}

interface Kind {
  readonly fields: readonly (readonly [string, GgufField])[];
  readonly scores?: ReadonlyMap<string, number>;
  readonly changes: readonly string[];
}

function jsonOf(tokenizer: Tokenizer): string | null {
  if (tokenizer instanceof ComposedTokenizer) return tokenizer.json;
  return tokenizer instanceof BpeTokenizer && fitsVocabulary(tokenizer) ? huggingFaceJson(tokenizer) : null;
}

/** Reads a `tokenizer.json` that a tokenizer was made from, so that it is known to be valid. */
function partsOf(text: string): Parts {
  const { model, added_tokens, normalizer, pre_tokenizer } = JSON.parse(text);
  const added: Parts["added"] = (added_tokens ?? []).map((token: any) => ({
    ...token,
    special: token.special ?? true,
  }));
  const stripping = (added_tokens ?? []).find((token: any) =>
    token.lstrip || token.rstrip || token.single_word
  );
  const unsupported = ["continuing_subword_prefix", "end_of_word_suffix"].find((name) => model[name]);
  return {
    vocab: new Map(Object.entries<number>(model.vocab ?? {})),
    merges: (model.merges ?? []).filter((merge: any) => !String(merge).startsWith("#version"))
      .map((merge: any) => typeof merge === "string" ? merge.split(" ") : merge),
    added,
    byteFallback: model.byte_fallback === true,
    ignoreMerges: model.ignore_merges === true,
    normalizer: normalizer ?? null,
    preTokenizer: pre_tokenizer ?? null,
    unknown: model.unk_token ?? null,
    fault: model.type !== undefined && model.type !== "BPE"
      ? `the format has no place for a model of type ${model.type}`
      : unsupported !== undefined
      ? `the format has no place for ${unsupported}`
      : stripping !== undefined
      ? `the format has no place for the white space that ${JSON.stringify(stripping.content)} takes`
      : null,
  };
}

function byteLevel(parts: Parts): Kind | string {
  const { merges, normalizer, preTokenizer, ignoreMerges, fault } = parts;
  if (fault !== null) return fault;
  const composes = normalizer?.type === "NFC";
  if (normalizer !== null && !composes) return `the format has no place for a normalizer ${normalizer.type}`;
  // Without merges each byte is a token, however the text is split.
  const pre: GgufPreTokenizer | undefined = merges.length === 0 && !ignoreMerges
    ? ggufPreTokenizers[0]
    : ggufPreTokenizerOf(preTokenizer, { ignoreMerges, composes });
  if (pre === undefined) return "llama.cpp has no name for the way it splits texts";
  return {
    fields: [
      ["tokenizer.ggml.model", { type: "string", value: "gpt2" }],
      ["tokenizer.ggml.pre", { type: "string", value: pre.names[0] }],
      ["tokenizer.ggml.merges", {
        type: "strings",
        value: merges.map(([left, right]) => `${left} ${right}`),
      }],
    ],
    changes: composes && !pre.composes ? ["the tokenizer's normalizer NFC is not stored"] : [],
  };
}

const MARK = "▁";

function sentencePiece({ merges, vocab, normalizer, preTokenizer, fault }: Parts): Kind | string {
  if (fault !== null) return fault;
  const steps: any[] = normalizer === null ? [] : normalizer.normalizers ?? [normalizer];
  const prepends = steps[0]?.type === "Prepend" && steps[0].prepend === MARK, replaces = steps.at(-1);
  const isPlain = steps.length === (prepends ? 2 : 1) && replaces?.type === "Replace" &&
    replaces.pattern?.String === " " && replaces.content === MARK;
  const own: any = preTokenizer;
  const isMetaspace = own?.type === "Metaspace" && own.replacement === MARK && own.split === false;
  if (!(isPlain && own === null || steps.length === 0 && isMetaspace)) {
    return "llama.cpp has no name for the way it splits texts";
  }
  const scores = scoresOfMerges(merges, vocab);
  if (scores === null) return "its merges do not follow from scores of tokens";
  const hasPrefix = isMetaspace ? own.prepend_scheme !== "never" : prepends;
  return {
    fields: [
      ["tokenizer.ggml.model", { type: "string", value: "llama" }],
      ["tokenizer.ggml.pre", { type: "string", value: "default" }],
      ["tokenizer.ggml.add_space_prefix", { type: "bool", value: hasPrefix }],
    ],
    scores,
    changes: [],
  };
}

function tokensOf(
  { vocab, added, byteFallback, unknown }: Parts,
  vocabSize: number,
): readonly { readonly text: string; readonly type: number }[] {
  const { normal, unknown: unk, control, userDefined, unused, byte } = ggufTokenTypes;
  const tokens = Array.from(
    { length: vocabSize },
    (_, id) => ({ text: `[PAD${id}]`, type: unused as number }),
  );
  for (const [text, id] of vocab) {
    const isByte = byteFallback && /^<0x[0-9A-F]{2}>$/.test(text);
    tokens[id] = { text, type: isByte ? byte : normal };
  }
  for (const { id, content, special } of added) {
    const isUnknown = byteFallback && content === unknown;
    tokens[id] = { text: content, type: isUnknown ? unk : special ? control : userDefined };
  }
  return tokens;
}

function roleFields(tokenizer: Tokenizer): readonly (readonly [string, GgufField])[] {
  const { eos = [], bos = null, unk = null } = tokenizer.roles ?? {},
    end = eos[0] ?? endOfTextIfAny(tokenizer);
  const sample = "a", inside = tokenizer.encode(sample);
  const whole = tokenizer.encode(sample, { addSpecialTokens: true }), around = whole.length - inside.length;
  const begin = bos ?? end, addBos = around > 0 && whole[0] === begin;
  const addEos = around > (addBos ? 1 : 0) && whole.at(-1) === end;
  const template = "chatTemplate" in tokenizer ? tokenizer.chatTemplate : null;
  const id = (name: string, value: number | null | undefined): (readonly [string, GgufField])[] =>
    value === null || value === undefined ? [] : [[`tokenizer.ggml.${name}`, { type: "u32", value }]];
  return [
    ...id("bos_token_id", begin),
    ...id("eos_token_id", end),
    ...id("eot_token_id", eos[1]),
    ...id("unknown_token_id", unk),
    ["tokenizer.ggml.add_bos_token", { type: "bool", value: addBos }],
    ["tokenizer.ggml.add_eos_token", { type: "bool", value: addEos }],
    ...typeof template === "string"
      ? [["tokenizer.chat_template", { type: "string", value: template }] as const]
      : [],
  ];
}
