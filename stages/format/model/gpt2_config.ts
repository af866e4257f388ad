/**
 * Hugging Face's `config.json`, `generation_config.json` and `tokenizer_config.json` of a GPT-2.
 *
 * A config.json that describes a computation other than GPT-2's causes an error, because the model would load
 * but give wrong results. Source: transformers `configuration_gpt2.py`.
 *
 * @module
 */
import { type GptConfig, gptFault, gptOptions, isGptConfig } from "../../../kernels/models/gpt_options.ts";
import { withoutDefaults } from "../../../kernels/models/model_options.ts";
import { invalidData } from "../invalid_data.ts";
import { excerpt } from "../text/excerpt.ts";
import { parseJson } from "../text/parse_json.ts";
import type { FloatType } from "./float_types.ts";
import { huggingFaceFloats, huggingFaceOptions, readHuggingFaceOptions } from "./hugging_face_options.ts";

/**
 * Returns the model that a `config.json` describes. Throws Deno.errors.InvalidData, naming `path`, the key
 * and the expected value, if it is not a GPT-2.
 */
export function parseGpt2Config(text: string, path: string): GptConfig {
  const wrong = (why: string, cause?: unknown) =>
    invalidData(`Cannot read the model's configuration from ${path}: ${why}`, { cause });
  let json: unknown;
  try {
    json = parseJson(text);
  } catch (cause) {
    throw wrong("it is not JSON", cause);
  }
  if (typeof json !== "object" || json === null) throw wrong("it is not an object");
  const keys: ReadonlyMap<string, unknown> = new Map(Object.entries(json));
  const get = (key: string): unknown => keys.get(key) ?? undefined; // transformers writes null for "not set"
  const type = get("model_type");
  if (type !== undefined && type !== "gpt2") throw wrong(`model_type is ${excerpt(type)}, expected "gpt2"`);
  const config = readHuggingFaceOptions(gptOptions, { get, wrong });
  if (!isGptConfig(config)) throw wrong(gptFault(config) ?? "it is not a GPT-2's");
  for (
    const [key, only] of [
      ["n_inner", 4 * config.channels],
      ["scale_attn_weights", true],
      ["scale_attn_by_inverse_layer_idx", false],
      ["add_cross_attention", false],
      ["quantization_config", undefined],
    ] as const
  ) {
    const value = get(key);
    if (value === undefined || value === only) continue;
    throw wrong(`${key} is ${excerpt(value)}, and only ${excerpt(only)} is supported`);
  }
  return withoutDefaults(gptOptions, config);
}

/** Ids of the tokens that begin and end texts, as Hugging Face's files name them. */
export interface TextBounds {
  /** Id of the token that ends a text, or a list of several; null if there is none. */
  readonly endOfText: number | readonly number[] | null;
  /** Id of the token that begins a text; default: that which ends it. */
  readonly beginOfText?: number | null;
}

/** Returns the fields `bos_token_id` and `eos_token_id`. */
export function boundIds({ endOfText, beginOfText }: TextBounds): Readonly<Record<string, unknown>> {
  const only = typeof endOfText === "number" ? endOfText : endOfText?.[0] ?? null;
  return { bos_token_id: beginOfText === undefined ? only : beginOfText, eos_token_id: endOfText };
}

/** The text of `config.json`. */
export function gpt2Config(
  config: GptConfig,
  { dtype, ...textBounds }: TextBounds & { readonly dtype: FloatType },
): string {
  const entries = {
    ...huggingFaceOptions(gptOptions, config),
    architectures: ["GPT2LMHeadModel"],
    ...boundIds(textBounds),
    initializer_range: 0.02,
    model_type: "gpt2",
    n_inner: null,
    scale_attn_by_inverse_layer_idx: false,
    scale_attn_weights: true,
    torch_dtype: dtype === "f32" ? "float32" : "bfloat16",
    use_cache: true,
  };
  const text = json(Object.fromEntries(Object.entries(entries).sort(([a], [b]) => a < b ? -1 : 1)));
  const floats = huggingFaceFloats(gptOptions).join("|");
  // Python reads a number without a decimal point as an integer.
  return text.replaceAll(new RegExp(`(?<="(?:${floats})": )-?\\d+(?=,?$)`, "gm"), "$&.0");
}

/** The text of `generation_config.json`. */
export function gpt2GenerationConfig(textBounds: TextBounds): string {
  return json({ _from_model_config: true, ...boundIds(textBounds) });
}

/**
 * Returns the text of `tokenizer_config.json`: settings that `tokenizer.json` does not contain. `seqLen` is
 * in tokens, `names` are the texts of the tokens that have a role, such as `eos_token`.
 */
export function gpt2TokenizerConfig({ seqLen, names }: {
  readonly seqLen: number;
  readonly names: Readonly<Record<string, string>>;
}): string {
  return json({
    ...names,
    clean_up_tokenization_spaces: false,
    model_max_length: seqLen,
    tokenizer_class: "PreTrainedTokenizerFast",
  });
}

function json(value: unknown): string {
  return `${JSON.stringify(value, null, 2)}\n`;
}
