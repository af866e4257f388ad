/**
 * Hugging Face's `config.json` and `generation_config.json` of a GPT-2.
 *
 * What changes the computation and is not GPT-2's is refused, not passed over: such a model would be read and give wrong
 * results. Source: transformers `configuration_gpt2.py`.
 *
 * @module
 */
import { excerpt } from "../text/excerpt.ts";
import type { FloatType } from "./float_types.ts";
import { faultOf, type Gpt2Form } from "./gpt2_form.ts";
import { parseJson } from "../text/parse_json.ts";

/** Names of GELU there. */
const GELUS: ReadonlyMap<unknown, "tanh" | "erf"> = new Map([
  ["gelu_new", "tanh"],
  ["gelu_pytorch_tanh", "tanh"],
  ["gelu_fast", "tanh"],
  ["gelu", "erf"],
]);

const EPS = 1e-5; // as layer_norm here

/**
 * The model of a `config.json`. Throws Deno.errors.InvalidData, naming `path`, the key and what is wanted, where it is
 * none of GPT-2's kind.
 */
export function parseGpt2Config(text: string, path: string): Gpt2Form {
  const wrong = (why: string, cause?: unknown) =>
    new Deno.errors.InvalidData(`Cannot tell the model from ${path}: ${why}`, { cause });
  let json: unknown;
  try {
    json = parseJson(text);
  } catch (cause) {
    throw wrong("it is not JSON", cause);
  }
  if (typeof json !== "object" || json === null) throw wrong("it is not an object");
  const config: ReadonlyMap<string, unknown> = new Map(Object.entries(json));
  const get = (key: string): unknown => config.get(key) ?? undefined; // null is as if it were not there
  const type = get("model_type");
  if (type !== undefined && type !== "gpt2") throw wrong(`model_type is ${excerpt(type)}, wanted "gpt2"`);
  const size = (...keys: string[]): number => {
    const key = keys.find((each) => get(each) !== undefined) ?? keys[0];
    const value = get(key);
    if (typeof value === "number") return value;
    throw wrong(`${key} is ${excerpt(value)}, wanted a whole number`);
  };
  const channels = size("n_embd");
  for (
    const [key, wanted] of [
      ["n_inner", 4 * channels],
      ["layer_norm_epsilon", EPS],
      ["scale_attn_weights", true],
      ["scale_attn_by_inverse_layer_idx", false],
      ["add_cross_attention", false],
      ["quantization_config", undefined],
    ] as const
  ) {
    const value = get(key);
    if (value !== undefined && value !== wanted) {
      throw wrong(`${key} is ${excerpt(value)}, and only ${excerpt(wanted)} can be computed here`);
    }
  }
  const gelu = GELUS.get(get("activation_function") ?? "gelu_new");
  if (gelu === undefined) {
    throw wrong(
      `activation_function is ${excerpt(get("activation_function"))}, wanted one of ${
        [...GELUS.keys()].join(", ")
      }`,
    );
  }
  const form: Gpt2Form = {
    layers: size("n_layer"),
    heads: size("n_head"),
    channels,
    seqLen: size("n_positions", "n_ctx"),
    vocabSize: size("vocab_size"),
    ...(gelu !== "tanh" && { gelu }),
    ...(get("tie_word_embeddings") === false && { tie: false }),
  };
  const fault = faultOf(form);
  if (fault !== null) throw wrong(fault);
  return form;
}

/** The text of `config.json`. `endOfText`: the id of `<|endoftext|>`, null where there is none. */
export function gpt2Config(
  form: Gpt2Form,
  { dtype, endOfText }: { readonly dtype: FloatType; readonly endOfText: number | null },
): string {
  const { layers, heads, channels, seqLen, vocabSize, gelu = "tanh", tie = true } = form;
  const text = json({
    activation_function: gelu === "tanh" ? "gelu_new" : "gelu",
    architectures: ["GPT2LMHeadModel"],
    attn_pdrop: 0,
    bos_token_id: endOfText,
    embd_pdrop: 0,
    eos_token_id: endOfText,
    initializer_range: 0.02,
    layer_norm_epsilon: EPS,
    model_type: "gpt2",
    n_ctx: seqLen,
    n_embd: channels,
    n_head: heads,
    n_inner: null,
    n_layer: layers,
    n_positions: seqLen,
    resid_pdrop: 0,
    scale_attn_by_inverse_layer_idx: false,
    scale_attn_weights: true,
    tie_word_embeddings: tie,
    torch_dtype: dtype === "f32" ? "float32" : "bfloat16",
    use_cache: true,
    vocab_size: vocabSize,
  });
  return text.replaceAll(/(?<=_pdrop": )0\b/g, "0.0"); // Python tells floats from whole numbers
}

/** The text of `generation_config.json`. */
export function gpt2GenerationConfig({ endOfText }: { readonly endOfText: number | null }): string {
  return json({ _from_model_config: true, bos_token_id: endOfText, eos_token_id: endOfText });
}

/** The text of `tokenizer_config.json`, which says what `tokenizer.json` does not. `seqLen` in tokens. */
export function gpt2TokenizerConfig({ seqLen, special }: {
  readonly seqLen: number;
  readonly special: string | null;
}): string {
  return json({
    add_prefix_space: false,
    ...(special !== null && { bos_token: special, eos_token: special, unk_token: special }),
    clean_up_tokenization_spaces: false,
    model_max_length: seqLen,
    tokenizer_class: "PreTrainedTokenizerFast",
  });
}

function json(value: unknown): string {
  return `${JSON.stringify(value, null, 2)}\n`;
}
