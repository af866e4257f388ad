/**
 * Generates tokens of several texts at once, with what training needs to know of each: its log probability,
 * and whether the model chose it. A hand may force tokens, such as the result of a tool.
 *
 * @module
 */
import { uniformAt } from "../../kernels/random/philox.ts";
import type { ModelSession } from "../model/model_session.ts";
import { checkSamplingOptions, sampleToken, type SamplingOptions } from "./sample_token.ts";

/** Watches a text while it is generated. */
export interface Hand {
  /** Returns the tokens that must follow a token which the model has chosen; usually none. */
  after(id: number): readonly number[] | Promise<readonly number[]>;
}

/** A text to generate. */
export interface TokenRequest {
  /** Tokens to continue, at least one. */
  readonly prompt: Uint32Array;
  /** Name of the text's random numbers: the same name gives the same text, whatever else is generated. */
  readonly key: string;
  /** Hand that may force tokens. */
  readonly hand?: Hand;
}

/** How tokens are generated. */
export interface GenerateTokensOptions extends SamplingOptions {
  /** Tokens that end a text; the text includes them. */
  readonly ends: ReadonlySet<number>;
  /** Largest number of tokens of a text, forced ones included. */
  readonly maxTokens: number;
  /** Largest number of tokens of a text and its prompt. Default: the model's sequence length. */
  readonly maxLength?: number;
  /** Seed of the random numbers. */
  readonly seed: number;
  /** Number of tokens that may be chosen; default: the model's vocabulary. */
  readonly vocabSize?: number;
  /** Signal that aborts all texts. */
  readonly signal?: AbortSignal;
}

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
  /** Why the text ended: at one of `ends`, or because it or the model's sequence was full. */
  readonly end: "end" | "length";
}

/** A text and the state of its generation. */
interface ActiveText {
  readonly index: number;
  readonly request: TokenRequest;
  readonly slot: number;
  readonly ids: number[];
  readonly chosen: number[];
  readonly logps: number[];
  readonly entropies: number[];
  draws: number;
  logits: Float32Array;
}

/**
 * Generates all texts, as many at once as the plan allows. Requests with equal prompts should be neighbours:
 * the model then reads the prompt once. Throws RangeError for a plan without sampling, for an empty prompt
 * and for options that `checkSamplingOptions` rejects.
 */
export async function generateTokens(
  model: ModelSession,
  requests: readonly TokenRequest[],
  options: GenerateTokensOptions,
): Promise<readonly GeneratedTokens[]> {
  checkSamplingOptions(options);
  const { texts } = model.plan, { signal, maxTokens } = options;
  const longest = longestOf(model, options);
  if (texts === 0) throw new RangeError("Cannot generate text: the plan has no sampling");
  const free = Array.from({ length: texts }, (_, i) => texts - 1 - i), results: GeneratedTokens[] = [];
  const prompts: (string | undefined)[] = [], firstLogits: Float32Array[] = [];
  let active: ActiveText[] = [], next = 0;
  while (next < requests.length || active.length > 0) {
    signal?.throwIfAborted();
    while (free.length > 0 && next < requests.length) {
      const request = requests[next], slot = free.pop()!, key = request.prompt.join(), index = next++;
      if (request.prompt.length >= longest || maxTokens < 1) {
        free.push(slot);
        results[index] = { ids: [], chosen: [], logps: [], entropies: [], end: "length" };
        continue;
      }
      const from = prompts.findIndex((held) => held === key);
      if (from < 0) firstLogits[slot] = (await model.decoder.prefill(request.prompt, { text: slot })).slice();
      else {
        await model.decoder.copy({ from, to: slot });
        firstLogits[slot] = firstLogits[from];
      }
      prompts[slot] = key;
      active.push({
        index,
        request,
        slot,
        ids: [],
        chosen: [],
        logps: [],
        entropies: [],
        draws: 0,
        logits: firstLogits[slot],
      });
    }
    const going: ActiveText[] = [];
    for (const text of active) {
      const end = await step(text, { model, options });
      if (end === null) going.push(text);
      else {
        const { ids, chosen, logps, entropies } = text;
        results[text.index] = { ids, chosen, logps, entropies, end };
        free.push(text.slot);
      }
    }
    active = going;
    const single = active.filter(({ logits }) => logits.length === 0);
    const logits = await model.decoder.decode(single.map(({ slot, ids, request: { prompt } }) => {
      return { text: slot, id: ids[ids.length - 1], position: prompt.length + ids.length - 1 };
    }));
    single.forEach((text, i) => text.logits = logits[i]);
  }
  return results;
}

/**
 * Chooses the next token of a text, and reads the tokens that are forced after it in one pass. Leaves the
 * text without logits if nothing is forced. Returns why the text has ended, or null.
 */
async function step(
  text: ActiveText,
  { model, options }: { readonly model: ModelSession; readonly options: GenerateTokensOptions },
): Promise<GeneratedTokens["end"] | null> {
  const { request, slot } = text, { ends, maxTokens, seed, vocabSize, temperature = 1 } = options;
  const logits = text.logits.subarray(0, vocabSize);
  const draw = uniformAt(seed, request.key, text.draws++);
  const id = sampleToken(logits, { ...options, draw, seen: [] });
  const { logp, entropy } = distributionOf(logits, { id, temperature });
  text.ids.push(id);
  text.chosen.push(1);
  text.logps.push(logp);
  text.entropies.push(entropy);
  if (ends.has(id)) return "end";
  const room = Math.min(maxTokens, longestOf(model, options) - request.prompt.length) - text.ids.length;
  if (room <= 0) return "length";
  const forced = await request.hand?.after(id) ?? [];
  text.logits = new Float32Array(0);
  if (forced.length === 0) return null;
  if (forced.length >= room) return "length"; // what is forced would not fit
  const position = request.prompt.length + text.ids.length - 1;
  for (const each of forced) {
    text.ids.push(each);
    text.chosen.push(0);
    text.logps.push(0);
    text.entropies.push(0);
  }
  text.logits = (await model.decoder.prefill(Uint32Array.of(id, ...forced), { text: slot, from: position }))
    .slice();
  return null;
}

/** Returns a token's log probability and the entropy of its distribution. */
function distributionOf(
  logits: Float32Array,
  { id, temperature }: { readonly id: number; readonly temperature: number },
): { readonly logp: number; readonly entropy: number } {
  const divisor = temperature === 0 ? 1 : temperature;
  let most = -Infinity, sum = 0, weighted = 0;
  for (const logit of logits) if (logit > most) most = logit;
  for (const logit of logits) {
    const x = (logit - most) / divisor, p = Math.exp(x);
    sum += p;
    if (p > 0) weighted += p * x;
  }
  const log = Math.log(sum);
  return { logp: (logits[id] - most) / divisor - log, entropy: log - weighted / sum };
}

/** Largest number of tokens of a text and its prompt. */
function longestOf(
  { plan: { cacheLength: seqLen } }: ModelSession,
  { maxLength = seqLen }: GenerateTokensOptions,
): number {
  return Math.min(seqLen, maxLength);
}
