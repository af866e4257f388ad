/**
 * Options of low-rank adapters.
 *
 * @module
 */
import { flag, integer, list, number } from "../../cli/option_types.ts";
import { above0, given } from "./requirements.ts";

const adapters = { group: "Adapters", fixed: true };
const withAdapters = above0("lora", "--lora R above 0");

/** Options of adapters that are trained in place of the weights of --init-from. */
export const adapterOptions = {
  lora: integer(
    "rank of low-rank adapters, which are trained in place of the weights; 0 = train all weights",
    {
      value: 0,
      min: 0,
      max: 65_536,
      ...adapters,
      requires: given("initFrom", "--init-from PATH"),
    },
  ),
  loraAlpha: number("adapters' results are multiplied by alpha / rank; default: 2 · rank", {
    value: null,
    ...adapters,
    requires: withAdapters,
  }),
  loraTargets: list("names of the layers with adapters, such as q_proj,v_proj; default: all linear layers", {
    value: [],
    placeholder: "NAME,…",
    ...adapters,
    requires: withAdapters,
  }),
  loraRs: flag("multiply adapters' results by alpha / sqrt(rank) instead", {
    value: false,
    ...adapters,
    requires: withAdapters,
  }),
  loraDropout: number("share of the adapters' inputs that training sets to 0", {
    value: 0,
    min: 0,
    max: 0.99,
    ...adapters,
    requires: withAdapters,
  }),
};
