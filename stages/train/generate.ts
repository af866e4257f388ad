/**
 * Text from a model: token by token, as it is made.
 *
 * @module
 */
import { uniformAt } from "../../kernels/core/philox.ts";
import type { Context, Stage } from "../flow/stage.ts";
import { END_OF_TEXT, type Tokenizer } from "../token/tokenizer.ts";
import { checkPick, type PickOptions, pickToken } from "./pick_token.ts";
import type { ModelSession } from "./session.ts";
import type { Trained } from "./train.ts";

/** What to write. */
export interface SampleOptions extends PickOptions {
  /** What the text goes on from; empty: a new document. */
  readonly prompt?: string;
  /** The most tokens to add. */
  readonly maxTokens: number;
  /** Default 0. The same seed and sample number: the same text. */
  readonly seed?: number;
  /** Which of several samples this is. Default 0. */
  readonly sample?: number;
  /** Ends the text at once. */
  readonly signal?: AbortSignal;
}

/**
 * Continues a prompt; gives pieces of text, never half a character, and stops at the end of the document. Throws
 * RangeError for bad options, an empty prompt with a tokenizer that has no end-of-text token, or tokens that the model
 * does not know.
 */
export async function* sampleText(
  model: ModelSession,
  tokenizer: Tokenizer,
  options: SampleOptions,
): AsyncGenerator<string, void, undefined> {
  const { prompt = "", maxTokens, seed = 0, sample = 0, signal } = options;
  checkPick(options);
  if (!Number.isInteger(maxTokens) || maxTokens < 0) {
    throw new RangeError(`Cannot write ${maxTokens} tokens: wanted a whole number from 0`);
  }
  const stop = tokenizer.special.get(END_OF_TEXT);
  const ids = [...tokenizer.encode(prompt)];
  if (ids.length === 0) {
    if (stop === undefined) {
      throw new RangeError(`Cannot begin without a prompt: the tokenizer has no ${END_OF_TEXT}`);
    }
    ids.push(stop);
  }
  const known = Math.min(model.plan.model.vocabSize, tokenizer.vocabSize);
  const decoder = new TextDecoder("utf-8", { ignoreBOM: true });
  for (let i = 0; i < maxTokens; i++) {
    signal?.throwIfAborted();
    const logits = (await model.logits(ids)).subarray(0, known);
    const id = pickToken(logits, { ...options, draw: uniformAt(seed, `sample.${sample}`, i) });
    if (id === stop) return;
    ids.push(id);
    const piece = decoder.decode(tokenizer.decodeBytes([id]), { stream: true });
    if (piece !== "") yield piece;
  }
}

/** What `sample` takes. */
export interface SampleStageOptions extends SampleOptions {
  /** The model's own. */
  readonly tokenizer: Tokenizer;
  /** Updates between samples; 0: never. The last update is always sampled. */
  readonly every: number;
}

interface SampleState {
  /** The update sampled last. */
  sampled: number;
  seen: Trained | null;
}

/** Lets the model write every N updates and after the last, emits the text, passes the model on. */
export function sample(options: SampleStageOptions): Stage<Trained, Trained> {
  return {
    name: "sample",
    open: (_ctx: Context, saved?: Partial<SampleState>): SampleState => ({
      sampled: saved?.sampled ?? -1,
      seen: null,
    }),
    async *push(trained: Trained, state: SampleState, ctx: Context) {
      state.seen = trained;
      if (options.every > 0 && (trained.last || trained.step % options.every === 0)) {
        await write(options, { trained, state, ctx });
      }
      yield trained;
    },
    async *flush(state: SampleState, ctx: Context) {
      const { seen } = state;
      if (options.every > 0 && seen !== null && seen.step !== state.sampled && !ctx.stopping) {
        await write(options, { trained: seen, state, ctx });
      }
    },
    save: ({ sampled }: SampleState) => ({ sampled }),
  };
}

async function write(
  options: SampleStageOptions,
  { trained, state, ctx }: { readonly trained: Trained; readonly state: SampleState; readonly ctx: Context },
): Promise<void> {
  await trained.told();
  const { tokenizer, prompt } = options;
  const pieces: string[] = [];
  const now = { ...options, seed: options.seed ?? ctx.seed, signal: ctx.signal };
  for await (const piece of sampleText(trained.model, tokenizer, now)) pieces.push(piece);
  state.sampled = trained.step;
  const text = pieces.join("");
  ctx.emit({ type: "sample", step: trained.step, text, ...(prompt !== undefined && { prompt }) });
}
