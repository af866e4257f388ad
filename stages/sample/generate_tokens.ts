/**
 * Generates tokens of several texts at once, with what training needs to know of each: its log probability,
 * and whether the model chose it. A hand may force tokens, such as the result of a tool.
 *
 * @module
 */
import type { ModelSession } from "../model/model_session.ts";
import { type TokenEvent, TokenGenerator } from "./token_generator.ts";
import type { GenerateTokensOptions, TextEnd, TokenRequest } from "./token_text.ts";

/** A generated text. All lists have one entry per token. */
export interface GeneratedTokens {
  /** The tokens after the prompt. */
  readonly ids: readonly number[];
  /** 1 for a token that the model chose, 0 for one that was forced. */
  readonly chosen: readonly number[];
  /** Log probability of a chosen token at the temperature, of all tokens, in nats; 0 for a forced one. */
  readonly logps: readonly number[];
  /** Entropy of the distribution that a token was chosen from, in nats; 0 for a forced one. */
  readonly entropies: readonly number[];
  /** Why the text ended. */
  readonly end: TextEnd;
}

/**
 * Generates all texts, as many at once as the plan allows. Of several requests with the same prompt, the
 * model reads it once. Throws RangeError for a plan without sampling, for an empty prompt and for options
 * that `checkSamplingOptions` rejects.
 */
export async function generateTokens(
  model: ModelSession,
  requests: readonly TokenRequest[],
  options: GenerateTokensOptions,
): Promise<readonly GeneratedTokens[]> {
  return (await new TokenGenerator(model).generateAll(requests, options)).map(collected);
}

function collected(events: readonly TokenEvent[]): GeneratedTokens {
  const tokens = events.filter((event) => "id" in event), last = events.at(-1);
  return {
    ids: tokens.map(({ id }) => id),
    chosen: tokens.map(({ isChosen }) => Number(isChosen)),
    logps: tokens.map(({ logp }) => logp),
    entropies: tokens.map(({ entropy }) => entropy),
    end: last !== undefined && "end" in last ? last.end : "length",
  };
}
