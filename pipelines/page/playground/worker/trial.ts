/**
 * A small run for a figure: its losses, its held-out loss and a sample.
 *
 * @module
 */
import type { Engine } from "../../../../kernels/engine/engine.ts";
import { sampleTexts } from "../../../../stages/sample/sample_texts.ts";
import type { Settings } from "../settings.ts";
import { corpusOf } from "../training/corpus.ts";
import { planOf, TrainingRun } from "../training/run.ts";

/** Results of a trial. */
export interface Trial {
  /** Loss before each update. */
  readonly losses: readonly number[];
  readonly heldOutLoss: number;
  readonly sample: string;
}

/** Trains a small model from its first to its last update. */
export async function runTrial(
  engine: Engine,
  { settings, text }: { readonly settings: Settings; readonly text: string },
): Promise<Trial> {
  const corpus = corpusOf(text, settings), plan = planOf(settings, corpus.tokenizer.vocabSize);
  const run = await TrainingRun.open(engine, { plan, settings, corpus }), losses: number[] = [];
  try {
    while (!run.finished) losses.push(...(await run.update()).map(({ loss }) => loss));
    losses.push(...(await run.drain()).map(({ loss }) => loss));
    const { valLoss } = await run.evaluate();
    if (!Number.isFinite(valLoss)) return { losses, heldOutLoss: valLoss, sample: "" };
    const { texts: [sample] } = await sampleTexts(run.model, corpus.tokenizer, {
      prompt: "\n",
      maxTokens: 60,
      temperature: 0.8,
      seed: settings.seed,
      slide: Math.max(1, Math.ceil(settings.context / 2)),
    });
    return { losses, heldOutLoss: valLoss, sample };
  } finally {
    await run[Symbol.asyncDispose]();
  }
}
