/**
 * Generates one text, and samples the model during training.
 *
 * @module
 */
import { periodic } from "../flow/periodic.ts";
import type { Context, Stage } from "../flow/stage.ts";
import type { ModelSession } from "../model/model_session.ts";
import type { ModelUpdate } from "../model/model_update.ts";
import type { Tokenizer } from "../token/tokenizer.ts";
import { type GenerateOptions, generateTexts } from "./generate_texts.ts";

/** Which text to generate. */
export interface SampleOptions extends GenerateOptions {
  /** Text to continue; empty (default): the text starts a new document. */
  readonly prompt?: string;
  /** Index of the sample (default 0). The same seed, index and prompt give the same text. */
  readonly sample?: number;
}

/**
 * Continues a prompt and yields the text in pieces of whole characters. Throws the same errors as
 * `generateTexts()`.
 *
 * @example
 * ```ts
 * import { byteTokenizer, generateText, gpt, initialWeights } from "@stagewise/gpt";
 * import { openEngine, openModel, plan } from "@stagewise/gpt";
 *
 * const model = gpt({ layers: 1, heads: 1, channels: 16, seqLen: 8, vocabSize: 257 });
 * const { engine } = await openEngine("cpu");
 * const planned = plan({ model, sampling: true });
 * await using session = await openModel(engine, { plan: planned, weights: initialWeights(model, 1) });
 * const options = { prompt: "We", maxTokens: 8, temperature: 0.8, topK: 40, seed: 1 };
 * for await (const piece of generateText(session, byteTokenizer(), options)) console.error(piece);
 * ```
 */
export async function* generateText(
  model: ModelSession,
  tokenizer: Tokenizer,
  { prompt = "", sample = 0, ...options }: SampleOptions,
): AsyncGenerator<string, void, undefined> {
  const texts = [{ prompt, sample }];
  for await (const event of generateTexts(model, tokenizer, { ...options, texts })) {
    if ("piece" in event) yield event.piece;
  }
}

/** Options of the stage `sample`. */
export interface SampleStageOptions extends Omit<SampleOptions, "prompt"> {
  /** Text to continue, or a function that returns it and is called before the first sample; default: none. */
  readonly prompt?: string | (() => Promise<string>);
  /** The model's tokenizer. */
  readonly tokenizer: Tokenizer;
  /**
   * Number of updates between samples; a sample follows the last update too. 0 means that there are no
   * samples.
   */
  readonly every: number;
}

/**
 * Generates a text every N updates and after the last update, emits it, and passes the model on.
 *
 * @example
 * ```ts
 * import {
 *   adamw,
 *   byteTokenizer,
 *   from,
 *   gpt,
 *   openEngine,
 *   plan,
 *   sample,
 *   schedule,
 *   train,
 * } from "@stagewise/gpt";
 *
 * const model = gpt({ layers: 1, heads: 1, channels: 16, seqLen: 8, vocabSize: 257 });
 * const training = { optimizer: adamw(), shape: [1, 2, 8] as const, clip: 1 };
 * const planned = plan({ model, training, sampling: true });
 * const { engine } = await openEngine("cpu");
 * const ids = Uint32Array.from({ length: 16 }, (_, i) => i);
 * const batch = { inputs: ids, targets: ids, shape: training.shape };
 * const rate = schedule({ kind: "constant", lr: 1e-3, steps: 2 });
 * const steps: number[] = [];
 * await from([batch, batch])
 *   .pipe(train({ engine, plan: planned, steps: 2, schedule: rate }))
 *   .pipe(sample({ tokenizer: byteTokenizer(), every: 1, prompt: "We", maxTokens: 4 }))
 *   .run({ onEvent: (event) => event.type === "sample" && steps.push(event.step) });
 * console.log(steps); // [ 1, 2 ]
 * ```
 */
export function sample(options: SampleStageOptions): Stage<ModelUpdate, ModelUpdate> {
  return periodic("sample", {
    every: options.every,
    open: (saved?: { readonly sampled?: number }) => ({
      actedOn: saved?.sampled ?? -1,
      prompt: typeof options.prompt === "function" ? null : options.prompt ?? "",
    }),
    async act(update, state, ctx) {
      state.prompt ??= typeof options.prompt === "function" ? await options.prompt() : "";
      await emitSample({ ...options, prompt: state.prompt }, { update, ctx });
    },
    save: ({ actedOn }) => ({ sampled: actedOn }),
  });
}

async function emitSample(
  options: SampleStageOptions & { readonly prompt: string },
  { update, ctx }: { readonly update: ModelUpdate; readonly ctx: Context },
): Promise<void> {
  await update.reported();
  const { tokenizer, prompt } = options;
  const pieces: string[] = [];
  const sampling = { ...options, seed: options.seed ?? ctx.seed, signal: ctx.signal };
  for await (const piece of generateText(update.model, tokenizer, sampling)) pieces.push(piece);
  const text = pieces.join("");
  ctx.emit({ type: "sample", step: update.step, text, prompt });
}
