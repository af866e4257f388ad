/**
 * PEFT's `adapter_config.json` of low-rank adapters. Source: peft 0.21, `LoraConfig`.
 *
 * @module
 */
import type { LoraConfig } from "../../../../kernels/models/lora_config.ts";
import { excerpt } from "../../text/excerpt.ts";
import { parseJson } from "../../text/parse_json.ts";
import { type Fields, fieldsOf } from "../json_fields.ts";

/** Adapters of a model, as the file describes them. */
export interface PeftConfig {
  /** The adapters. */
  readonly lora: LoraConfig;
  /** Name or path of the model that they were trained for; null if the file does not say it. */
  readonly base: string | null;
}

/** Keys that change what the adapters compute, with the values that mean "not used". */
const unused: Readonly<Record<string, readonly unknown[]>> = {
  bias: ["none"],
  use_dora: [false],
  lora_bias: [false],
  modules_to_save: [],
  rank_pattern: ["{}"],
  alpha_pattern: ["{}"],
  layers_to_transform: [],
  layers_pattern: [],
  layer_replication: [],
  exclude_modules: [],
  target_parameters: [],
  trainable_token_indices: [],
  alora_invocation_tokens: [],
  use_qalora: [false],
  use_bdlora: [],
};

/**
 * Returns the adapters that an `adapter_config.json` describes. Throws Deno.errors.InvalidData, naming
 * `path`, the key and what is expected, for another method than LoRA and for options that are not supported.
 */
export function parsePeftConfig(text: string, path: string): PeftConfig {
  const wrong = (why: string, cause?: unknown): Error =>
    new Deno.errors.InvalidData(`Cannot read adapters from ${path}: ${why}`, { cause });
  let json: unknown;
  try {
    json = parseJson(text);
  } catch (cause) {
    throw wrong("it is not JSON", cause);
  }
  const get = fieldsOf(json);
  if (get("peft_type") !== "LORA") throw wrong(`peft_type is ${excerpt(get("peft_type"))}, expected LORA`);
  for (const [key, values] of Object.entries(unused)) {
    const value = get(key);
    if (value === undefined || values.includes(typeof value === "object" ? JSON.stringify(value) : value)) {
      continue;
    }
    throw wrong(`${key} is ${excerpt(value)}, and only ${values.map(excerpt).join() || "null"} is supported`);
  }
  const rank = get("r"), alpha = get("lora_alpha");
  if (typeof rank !== "number" || !Number.isInteger(rank) || rank < 1 || rank > 65_536) {
    throw wrong(`r is ${excerpt(rank)}, expected a whole number from 1 to 65536`);
  }
  if (typeof alpha !== "number" || !Number.isFinite(alpha)) {
    throw wrong(`lora_alpha is ${excerpt(alpha)}, expected a number`);
  }
  const dropout = get("lora_dropout") ?? 0;
  if (typeof dropout !== "number" || !(dropout >= 0 && dropout < 1)) {
    throw wrong(`lora_dropout is ${excerpt(dropout)}, expected a number from 0 to below 1`);
  }
  const base = get("base_model_name_or_path");
  return {
    lora: {
      rank,
      alpha,
      rankStabilized: get("use_rslora") === true,
      ...(dropout > 0 && { dropout }),
      targets: targetsOf(get, wrong),
    },
    base: typeof base === "string" && base !== "" ? base : null,
  };
}

function targetsOf(get: Fields, wrong: (why: string) => Error): LoraConfig["targets"] {
  const targets = get("target_modules");
  if (targets === "all-linear") return "all";
  if (Array.isArray(targets) && targets.length > 0 && targets.every((name) => typeof name === "string")) {
    return targets.map((name) => name.slice(name.lastIndexOf(".") + 1)).sort();
  }
  throw wrong(`target_modules is ${excerpt(targets)}, expected a list of names or "all-linear"`);
}

/** Returns the text of an `adapter_config.json`. */
export function peftConfigText(
  { rank, alpha, rankStabilized = false, dropout = 0 }: LoraConfig,
  { targets, base, isTransposed }: {
    /** Names of the layers with adapters. */
    readonly targets: readonly string[];
    /** Name or path of the model; null if it has none. */
    readonly base: string | null;
    /** Whether the weights are [in, out], as in GPT-2. */
    readonly isTransposed: boolean;
  },
): string {
  const config = {
    base_model_name_or_path: base,
    bias: "none",
    fan_in_fan_out: isTransposed,
    inference_mode: true,
    init_lora_weights: true,
    lora_alpha: alpha,
    lora_dropout: dropout,
    modules_to_save: null,
    peft_type: "LORA",
    r: rank,
    target_modules: [...targets].sort(),
    task_type: "CAUSAL_LM",
    use_dora: false,
    use_rslora: rankStabilized,
  };
  // Python reads a number without a decimal point as an integer.
  return `${JSON.stringify(config, null, 2)}\n`.replace(/("lora_dropout": 0),/, "$1.0,");
}
