/**
 * The fields of a request that say how tokens are sampled, and how many.
 *
 * @module
 */
import type { SamplingOptions } from "../../stages/sample/sample_token.ts";
import { isRecord } from "../../stages/disk/json.ts";
import type { Fields } from "./fields.ts";

/** Names of the fields that both APIs have, and honour. */
export const sharedFields: readonly string[] = [
  "model",
  "stream",
  "stream_options",
  "n",
  "stop",
  "stop_token_ids",
  "seed",
  "max_tokens",
  "temperature",
  "top_p",
  "top_k",
  "min_p",
  "repetition_penalty",
  "presence_penalty",
  "frequency_penalty",
  "logit_bias",
  "logprobs",
];

/** Names of fields that change nothing here: they are for accounts, storage and billing. */
export const ignoredFields: readonly string[] = [
  "user",
  "metadata",
  "store",
  "service_tier",
  "safety_identifier",
  "prompt_cache_key",
  "prompt_cache_options",
  "prompt_cache_retention",
  "prediction",
  "verbosity",
];

/** How the choices of a request are generated. */
export interface SamplingFields {
  readonly sampling: SamplingOptions;
  /** Number of choices for each prompt. */
  readonly n: number;
  readonly seed: number;
  readonly stop: readonly string[];
  readonly stopIds: readonly number[];
  readonly stream: boolean;
  /** Whether a stream ends with the numbers of tokens. */
  readonly includeUsage: boolean;
}

/** Most choices for one prompt, as in OpenAI's API. */
const MOST_CHOICES = 128;
/** Most strings and tokens that end a text, and longest string. */
const MOST_STOPS = 16, LONGEST_STOP = 1000;
/** Most tokens with a bias, as in OpenAI's API. */
const MOST_BIASES = 1024;

/** Reads the fields. Throws ApiError for one with a wrong value. */
export function samplingFields(
  fields: Fields,
  { vocabSize }: { readonly vocabSize: number },
): SamplingFields {
  const stream = fields.boolean("stream"), options = fields.object("stream_options");
  if (options !== undefined && !stream) throw fields.error("stream_options", "none without stream: true");
  options?.only(["include_usage", "include_obfuscation"]);
  const topP = fields.number("top_p", { min: 0, max: 1 });
  if (topP === 0) throw fields.error("top_p", "a number above 0, at most 1");
  const repetitionPenalty = fields.number("repetition_penalty", { min: 0.01, max: 100 });
  const presence = fields.number("presence_penalty", { min: -2, max: 2 });
  const frequency = fields.number("frequency_penalty", { min: -2, max: 2 });
  const logitBias = biases(fields, vocabSize);
  return {
    sampling: {
      temperature: fields.number("temperature", { min: 0, max: 2 }) ?? 1,
      topK: fields.integer("top_k", { min: 0, max: vocabSize }) ?? 0,
      topP: topP ?? 1,
      minP: fields.number("min_p", { min: 0, max: 1 }) ?? 0,
      ...(repetitionPenalty !== undefined && repetitionPenalty !== 1 && { repetitionPenalty }),
      ...(presence !== undefined && { presencePenalty: presence }),
      ...(frequency !== undefined && { frequencyPenalty: frequency }),
      ...(logitBias.size > 0 && { logitBias }),
    },
    n: fields.integer("n", { min: 1, max: MOST_CHOICES }) ?? 1,
    seed: seedOf(fields),
    stop: stops(fields),
    stopIds: (fields.list("stop_token_ids", MOST_STOPS) ?? []).map((id) => {
      if (typeof id === "number" && Number.isInteger(id) && id >= 0 && id < vocabSize) return id;
      throw fields.error("stop_token_ids", `whole numbers from 0 to ${vocabSize - 1}`);
    }),
    stream,
    includeUsage: options?.boolean("include_usage") ?? false,
  };
}

/** Returns the seed; one by chance if the request has none. Negative seeds stand for large ones. */
function seedOf(fields: Fields): number {
  const seed = fields.integer("seed", { min: Number.MIN_SAFE_INTEGER, max: Number.MAX_SAFE_INTEGER });
  if (seed === undefined) return crypto.getRandomValues(new Uint32Array(1))[0];
  return seed < 0 ? seed + 2 ** 53 : seed;
}

function stops(fields: Fields): readonly string[] {
  const given = fields.get("stop") ?? [], list = typeof given === "string" ? [given] : given;
  const isStop = (stop: unknown): stop is string =>
    typeof stop === "string" && stop !== "" && stop.length <= LONGEST_STOP;
  if (Array.isArray(list) && list.length <= MOST_STOPS && list.every(isStop)) return list;
  throw fields.error(
    "stop",
    `a text, or a list of at most ${MOST_STOPS}, each of 1 to ${LONGEST_STOP} characters`,
  );
}

function biases(fields: Fields, vocabSize: number): ReadonlyMap<number, number> {
  const given = fields.get("logit_bias") ?? {};
  const wrong = () =>
    fields.error(
      "logit_bias",
      `an object of at most ${MOST_BIASES} token ids below ${vocabSize} with numbers from -100 to 100`,
    );
  if (!isRecord(given) || Object.keys(given).length > MOST_BIASES) throw wrong();
  return new Map(
    Object.entries(given).map(([name, bias]) => {
      const id = Number(name);
      const fits = /^\d+$/.test(name) && id < vocabSize && typeof bias === "number" && Math.abs(bias) <= 100;
      if (!fits) throw wrong();
      return [id, bias];
    }),
  );
}
