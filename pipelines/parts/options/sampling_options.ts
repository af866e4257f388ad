/**
 * Options of pipelines that choose tokens by chance.
 *
 * @module
 */
import { integer, number } from "../../cli/option_types.ts";
import { runOptions } from "../../cli/run_options.ts";
import { above0, unlessOff } from "./requirements.ts";

const group = "Sampling";
const random = above0("temperature", "--temperature X above 0");

/** Returns the options by which the next token is chosen, with this default temperature. */
export function samplingOptions({ temperature }: { readonly temperature: number }) {
  return {
    temperature: number("temperature; 0 = always take the most likely token", {
      value: temperature,
      min: 0,
      group,
    }),
    topK: integer("sample from the K most likely tokens; 0 = from all", {
      value: 50,
      min: 0,
      group,
      requires: unlessOff(random, 0),
    }),
    topP: number("sample from the most likely tokens whose probabilities add up to this; 1 = from all", {
      value: 1,
      min: 0,
      max: 1,
      group,
      requires: unlessOff(random, 1),
    }),
    minP: number("sample from tokens at least this fraction as likely as the most likely one; 0 = from all", {
      value: 0,
      min: 0,
      max: 1,
      group,
      requires: unlessOff(random, 0),
    }),
    repetitionPenalty: number("penalty for tokens that the text contains already; 1 = no penalty", {
      value: 1,
      group,
    }),
    seed: { ...runOptions.seed, requires: random },
  };
}
