/**
 * Text from a model: token by token, as it is made.
 *
 * @module
 */
import type { Context, Stage } from "../flow/stage.ts";
import type { Tokenizer } from "../token/tokenizer.ts";
import type { ModelSession } from "../model/model_session.ts";
import type { ModelUpdate } from "../model/model_update.ts";
import { type GenerateOptions, generateTexts } from "./generate_texts.ts";

/** What to write. */
export interface SampleOptions extends GenerateOptions {
  /** What the text goes on from; empty: a new document. */
  readonly prompt?: string;
  /** Which of several samples this is. Default 0. The same seed and sample number: the same text. */
  readonly sample?: number;
}

/**
 * Continues a prompt; gives pieces of text, never half a character, and stops at the end of the document. Throws
 * RangeError as `writeTexts`.
 */
export async function* generateText(
  model: ModelSession,
  tokenizer: Tokenizer,
  { prompt = "", sample = 0, ...options }: SampleOptions,
): AsyncGenerator<string, void, undefined> {
  for await (const written of generateTexts(model, tokenizer, { ...options, texts: [{ prompt, sample }] })) {
    if ("piece" in written) yield written.piece;
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
  seen: ModelUpdate | null;
}

/** Lets the model write every N updates and after the last, emits the text, passes the model on. */
export function sample(options: SampleStageOptions): Stage<ModelUpdate, ModelUpdate> {
  return {
    name: "sample",
    open: (_ctx: Context, saved?: Partial<SampleState>): SampleState => ({
      sampled: saved?.sampled ?? -1,
      seen: null,
    }),
    async *push(trained: ModelUpdate, state: SampleState, ctx: Context) {
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
  { trained, state, ctx }: {
    readonly trained: ModelUpdate;
    readonly state: SampleState;
    readonly ctx: Context;
  },
): Promise<void> {
  await trained.reported();
  const { tokenizer, prompt } = options;
  const pieces: string[] = [];
  const now = { ...options, seed: options.seed ?? ctx.seed, signal: ctx.signal };
  for await (const piece of generateText(trained.model, tokenizer, now)) pieces.push(piece);
  state.sampled = trained.step;
  const text = pieces.join("");
  ctx.emit({ type: "sample", step: trained.step, text, ...(prompt !== undefined && { prompt }) });
}
