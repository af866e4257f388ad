/**
 * Rotary positions in Hugging Face's `config.json`: `rope_parameters` of transformers 5, or `rope_theta` and
 * `rope_scaling` of transformers 4.
 *
 * @module
 */
import type { LlamaConfig } from "../../../kernels/models/llama_options.ts";
import { excerpt } from "../text/excerpt.ts";
import { type Fields, fieldsOf, type Wrong } from "./json_fields.ts";

/** Returns the options of `llama` that describe the rotary positions. Throws for a scaling that it lacks. */
export function ropeOptions(get: Fields, wrong: Wrong): Partial<LlamaConfig> {
  const parameters = fieldsOf(get("rope_parameters"));
  const full = parameters("full_attention"), local = fieldsOf(parameters("sliding_attention"));
  const rope = full === undefined ? parameters : fieldsOf(full);
  const localType = local("rope_type");
  if (localType !== undefined && localType !== "default") {
    throw wrong(`rope_type of sliding_attention is ${excerpt(localType)}, and only "default" is supported`);
  }
  const base = rope("rope_theta") ?? get("rope_theta"), old = fieldsOf(get("rope_scaling"));
  const localBase = local("rope_theta") ?? get("rope_local_base_freq");
  const field: Fields = (key) => rope(key) ?? old(key);
  return {
    ...(base !== undefined && { ropeBase: base as number }),
    ...(localBase !== undefined && localBase !== base && { localRopeBase: localBase as number }),
    ...scaling(field, { get, wrong }),
  };
}

function scaling(
  field: Fields,
  { get, wrong }: { readonly get: Fields; readonly wrong: Wrong },
): Partial<LlamaConfig> {
  const type = field("rope_type") ?? field("type") ?? "default";
  const number = (key: string, otherwise?: unknown): number => {
    const value = field(key) ?? otherwise;
    if (typeof value === "number") return value;
    throw wrong(`${key} of the ${type} scaling is ${excerpt(value)}, expected a number`);
  };
  const length = () => number("original_max_position_embeddings", get("max_position_embeddings"));
  switch (type) {
    case "default":
      return {};
    case "linear":
      return { ropeScaling: "linear", ropeFactor: number("factor") };
    case "llama3":
      return {
        ropeScaling: "llama3",
        ropeFactor: number("factor"),
        ropeLength: length(),
        ropeLow: number("low_freq_factor"),
        ropeHigh: number("high_freq_factor"),
      };
    case "yarn":
      for (const key of ["mscale", "mscale_all_dim", "truncate"]) {
        if (field(key) === undefined || key === "truncate" && field(key) === true) continue;
        throw wrong(`${key} of the yarn scaling is ${excerpt(field(key))}, which is not supported`);
      }
      return {
        ropeScaling: "yarn",
        ropeFactor: number("factor"),
        ropeLength: length(),
        ropeLow: number("beta_slow", 1),
        ropeHigh: number("beta_fast", 32),
        ropeAttention: number("attention_factor", 0),
      };
    default:
      throw wrong(`rope_type is ${excerpt(type)}, expected default, linear, llama3 or yarn`);
  }
}
