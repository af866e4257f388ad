/**
 * Reads the tokenizer in a GGUF file: byte-level BPE (`gpt2`) and SentencePiece with byte fallback
 * (`llama`), the special tokens with their roles, and the chat template.
 *
 * @module
 */
import { type GgufValue, readGgufHeader } from "../../format/model/gguf/header.ts";
import { excerpt } from "../../format/text/excerpt.ts";
import { addedToken } from "../files/added_tokens.ts";
import { MAX_IDS } from "../files/gpt2_files.ts";
import { parseHuggingFaceJson } from "../files/hugging_face.ts";
import type { TokenRoles } from "../token_roles.ts";
import type { Vocabulary } from "../vocabulary.ts";
import { type GgufPreTokenizer, ggufPreTokenizer, ggufPreTokenizers } from "./pre_tokenizers.ts";
import { mergesOfScores } from "./score_merges.ts";

/** Types of tokens in GGUF files. */
export const ggufTokenTypes = {
  normal: 1,
  unknown: 2,
  control: 3,
  userDefined: 4,
  unused: 5,
  byte: 6,
} as const;

const MOST_CHARACTERS = 4096; // of a token; the longest of published files have a few hundred

/** Control tokens that end a turn or a text, by their texts, where a file does not say it by id. */
const ENDS: ReadonlySet<string> = new Set([
  "<|eot_id|>",
  "<|im_end|>",
  "<|end|>",
  "<end_of_turn>",
  "<|endoftext|>",
  "<|end_of_text|>",
]);

/** Reads the tokenizer of a file. Throws SyntaxError if there is none, or one that is not supported. */
export async function readGgufTokenizer(path: string): Promise<Vocabulary> {
  const { metadata } = await readGgufHeader(path);
  return ggufTokenizer(metadata, path);
}

/** A token as the file lists it. */
interface ListedToken {
  readonly id: number;
  readonly text: string;
  readonly type: number;
  readonly score: number;
}

/** Returns the tokenizer of a file's metadata. Throws as `readGgufTokenizer`; `path` is for messages. */
export function ggufTokenizer(metadata: ReadonlyMap<string, GgufValue>, path: string): Vocabulary {
  const refused = (why: string): SyntaxError =>
    new SyntaxError(`Cannot read the tokenizer in ${path}: ${why}: give --tokenizer NAME|PATH`);
  const get = (key: string): GgufValue | undefined => metadata.get(`tokenizer.ggml.${key}`);
  const model = get("model"), tokens = tokensOf(get, refused);
  if (model !== "gpt2" && model !== "llama") {
    throw refused(`tokenizer.ggml.model is ${excerpt(model ?? null)}, expected "gpt2" or "llama"`);
  }
  const json = model === "gpt2" ? byteLevelJson(tokens, get, refused) : sentencePieceJson(tokens, get);
  let tokenizer: Vocabulary;
  try {
    tokenizer = parseHuggingFaceJson(JSON.stringify(json), path);
  } catch (cause) {
    if (!(cause instanceof TypeError)) throw cause;
    throw new SyntaxError(`Cannot read the tokenizer in ${path}: ${cause.message}`, { cause });
  }
  tokenizer.roles = rolesOf(tokens, get);
  const template = metadata.get("tokenizer.chat_template");
  tokenizer.chatTemplate = typeof template === "string" ? template : null;
  return tokenizer;
}

type Get = (key: string) => GgufValue | undefined;
type Refused = (why: string) => SyntaxError;

function tokensOf(get: Get, refused: Refused): readonly ListedToken[] {
  const texts = get("tokens"), types = get("token_type"), scores = get("scores");
  if (!Array.isArray(texts)) throw refused("it has no tokenizer.ggml.tokens");
  if (texts.length > MAX_IDS) throw refused(`it has ${texts.length} tokens, expected at most ${MAX_IDS}`);
  for (const [name, list] of [["token_type", types], ["scores", scores]] as const) {
    if (list === undefined || Array.isArray(list) && list.length === texts.length) continue;
    throw refused(`tokenizer.ggml.${name} is not a list of ${texts.length}, one for each token`);
  }
  const seen = new Map<string, number>();
  return texts.map((text, id) => {
    if (typeof text !== "string") throw refused(`token ${id} is not a text`);
    if (text.length > MOST_CHARACTERS) {
      throw refused(`token ${id} has ${text.length} characters, expected at most ${MOST_CHARACTERS}`);
    }
    const other = seen.get(text);
    if (other !== undefined) throw refused(`tokens ${other} and ${id} are both ${excerpt(text)}`);
    seen.set(text, id);
    const type = Array.isArray(types) ? types[id] : ggufTokenTypes.normal;
    const score = Array.isArray(scores) ? scores[id] : 0;
    if (typeof type !== "number" || typeof score !== "number") {
      throw refused(`token ${id} has a type or score that is not a number`);
    }
    return { id, text, type, score };
  });
}

function byteLevelJson(tokens: readonly ListedToken[], get: Get, refused: Refused): object {
  const name = get("pre") ?? "default"; // llama.cpp's choice for old files, which do not name it
  const pre = typeof name === "string" ? ggufPreTokenizer(name) : undefined;
  if (pre === undefined) {
    const known = ggufPreTokenizers.map(({ names: [first] }) => first).join(", ");
    throw refused(`tokenizer.ggml.pre is ${excerpt(name)}, which is not known: expected one of ${known}`);
  }
  const merges = get("merges") ?? [];
  if (!Array.isArray(merges)) throw refused("tokenizer.ggml.merges is not a list");
  return {
    ...commonJson(tokens, get, pre),
    normalizer: pre.composes ? { type: "NFC" } : null,
    pre_tokenizer: pre.preTokenizer,
    decoder: { type: "ByteLevel", add_prefix_space: true, trim_offsets: true, use_regex: true },
    model: {
      ...modelJson,
      ignore_merges: pre.ignoreMerges,
      vocab: vocabOf(tokens),
      merges: merges.map((merge, i) => pairOf(merge, () => refused(`merge ${i} is ${excerpt(merge)}`))),
    },
  };
}

const modelJson = {
  type: "BPE",
  dropout: null,
  unk_token: null,
  continuing_subword_prefix: null,
  end_of_word_suffix: null,
  fuse_unk: false,
  byte_fallback: false,
};

/** Splits a merge at its first blank after the first character, as llama.cpp does. */
function pairOf(merge: GgufValue, wrong: () => Error): [string, string] {
  const at = typeof merge === "string" ? merge.indexOf(" ", 1) : -1;
  if (typeof merge !== "string" || at < 0) throw wrong();
  return [merge.slice(0, at), merge.slice(at + 1)];
}

function sentencePieceJson(tokens: readonly ListedToken[], get: Get): object {
  const { normal, unknown } = ggufTokenTypes, hasPrefix = get("add_space_prefix") !== false;
  const unknownText = tokens.find(({ type, id }) => type === unknown || id === get("unknown_token_id"))?.text;
  const blank = { String: " " }, mark = "▁";
  const replace = { type: "Replace", pattern: blank, content: mark };
  return {
    ...commonJson(tokens, get, { addBos: true }),
    normalizer: hasPrefix
      ? { type: "Sequence", normalizers: [{ type: "Prepend", prepend: mark }, replace] }
      : replace,
    pre_tokenizer: null,
    decoder: {
      type: "Sequence",
      decoders: [
        { type: "Replace", pattern: { String: mark }, content: " " },
        { type: "ByteFallback" },
        { type: "Fuse" },
        ...hasPrefix ? [{ type: "Strip", content: " ", start: 1, stop: 0 }] : [],
      ],
    },
    model: {
      ...modelJson,
      unk_token: unknownText ?? null,
      fuse_unk: true,
      byte_fallback: true,
      ignore_merges: false,
      vocab: vocabOf(tokens),
      merges: mergesOfScores(tokens.filter(({ type }) => type === normal)),
    },
  };
}

/** Returns ids by text, without the placeholders for ids that no token has. */
function vocabOf(tokens: readonly ListedToken[]): Record<string, number> {
  const { unused } = ggufTokenTypes;
  return Object.fromEntries(
    tokens.filter(({ text, id, type }) => type !== unused || text !== `[PAD${id}]`)
      .map(({ text, id }) => [text, id]),
  );
}

/** Returns the fields that do not depend on the kind of tokenizer. */
function commonJson(
  tokens: readonly ListedToken[],
  get: Get,
  { addBos }: Pick<GgufPreTokenizer, "addBos">,
): Record<string, unknown> {
  const { unknown, control, userDefined } = ggufTokenTypes;
  const added = tokens.filter(({ type, text }) =>
    (type === unknown || type === control || type === userDefined) && text !== ""
  );
  const textAt = (key: string): string | undefined => tokens[Number(get(key) ?? -1)]?.text;
  const begin = get("add_bos_token") ?? addBos ? textAt("bos_token_id") : undefined;
  const end = get("add_eos_token") === true ? textAt("eos_token_id") : undefined;
  const special = [begin, end].filter((text) => text !== undefined);
  const part = (id: string): object => ({ SpecialToken: { id, type_id: 0 } });
  const ids = new Map(tokens.map(({ text, id }) => [text, id]));
  const text = { Sequence: { id: "A", type_id: 0 } };
  const template = [
    ...begin === undefined ? [] : [part(begin)],
    text,
    ...end === undefined ? [] : [part(end)],
  ];
  return {
    version: "1.0",
    truncation: null,
    padding: null,
    added_tokens: added.map(({ id, text: content, type }) =>
      addedToken({ id, content, special: type !== userDefined })
    ),
    post_processor: special.length === 0 ? null : {
      type: "TemplateProcessing",
      single: template,
      pair: [...template, { Sequence: { id: "B", type_id: 1 } }],
      special_tokens: Object.fromEntries(
        special.map((id) => [id, { id, ids: [ids.get(id)], tokens: [id] }]),
      ),
    },
  };
}

function rolesOf(tokens: readonly ListedToken[], get: Get): TokenRoles {
  const idAt = (key: string): number[] => {
    const id = get(key);
    return typeof id === "number" && id in tokens ? [id] : [];
  };
  const ends = tokens.filter(({ type, text }) => type === ggufTokenTypes.control && ENDS.has(text));
  const eos = ["eos_token_id", "eot_token_id", "eom_token_id"].flatMap(idAt);
  return {
    eos: [...new Set([...eos, ...ends.map(({ id }) => id)])],
    bos: idAt("bos_token_id")[0] ?? null,
    unk: idAt("unknown_token_id")[0] ?? null,
  };
}
