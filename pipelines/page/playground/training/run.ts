/**
 * A model that trains on a text: the same code in a browser and in Deno.
 *
 * @module
 */
import type { Engine } from "../../../../kernels/engine/engine.ts";
import { gpt } from "../../../../kernels/models/gpt.ts";
import type { GptConfig } from "../../../../kernels/models/gpt_options.ts";
import { initialWeights } from "../../../../kernels/models/model.ts";
import { adamw } from "../../../../kernels/optim/adamw.ts";
import { type Schedule, schedule } from "../../../../kernels/optim/schedule.ts";
import { countTokenBytes, evalEvent, validationLoss } from "../../../../stages/evaluate/loss_tally.ts";
import type { EvalEvent, StepEvent } from "../../../../stages/flow/events.ts";
import { type ModelSession, openModel } from "../../../../stages/model/model_session.ts";
import { type Plan, plan } from "../../../../stages/model/plan.ts";
import { type CompletedUpdate, PendingResults } from "../../../../stages/train/pending_results.ts";
import type { Settings } from "../settings.ts";
import { batchAt, type Corpus } from "./corpus.ts";

const heldOutBatches = 16; // of an evaluation: a fraction of a second of work for the default model
const mostTraced = 48; // tokens whose attention can be shown: more cells would be too small to see

/** Returns the model's configuration. */
export function configOf(settings: Settings, vocabSize: number): GptConfig {
  const { layers, heads, channels, context } = settings;
  return { layers, heads, channels, seqLen: context, vocabSize, vocabPad: 1 };
}

/** Returns the programs of a run. */
export function planOf(settings: Settings, vocabSize: number): Plan {
  const { context, batch } = settings;
  return plan({
    model: gpt(configOf(settings, vocabSize)),
    training: { optimizer: adamw({ beta2: 0.99 }), shape: [1, batch, context], clip: 1 },
    evaluation: { batch, seqLen: context },
    sampling: true,
    tracing: { seqLen: Math.min(context, mostTraced) },
  });
}

/** A run: its model, its text and the updates so far. */
export class TrainingRun implements AsyncDisposable {
  /** Number of updates begun. */
  step = 0;
  readonly #results: PendingResults;
  readonly #completed: StepEvent[] = [];
  readonly #rate: Schedule;
  #elapsed = 0;

  private constructor(
    readonly settings: Settings,
    readonly corpus: Corpus,
    readonly model: ModelSession,
  ) {
    const { lr, steps } = settings, warmup = Math.min(100, Math.floor(steps / 20));
    this.#rate = schedule({ kind: "cosine", lr, minLr: lr / 10, warmup, steps });
    this.#results = new PendingResults(model, (update) => this.#completed.push(this.#event(update)));
  }

  /** Puts the model of a plan on a device, with weights that follow from the seed. */
  static async open(
    engine: Engine,
    { plan, settings, corpus }: {
      readonly plan: Plan;
      readonly settings: Settings;
      readonly corpus: Corpus;
    },
  ): Promise<TrainingRun> {
    const weights = initialWeights(plan.model, settings.seed);
    const model = await openModel(engine, { plan, weights, seed: settings.seed });
    return new TrainingRun(settings, corpus, model);
  }

  /** Whether all updates have begun. */
  get finished(): boolean {
    return this.step >= this.settings.steps;
  }

  /** Begins the next update. Returns the events of the updates that have ended since the last call. */
  async update(): Promise<readonly StepEvent[]> {
    const { step, settings, corpus: { train } } = this, learningRate = this.#rate(step);
    const submitted = performance.now();
    this.model.begin(batchAt(step, { train, settings }), { learningRate, step });
    this.step++;
    const tokens = this.step * this.model.plan.tokensPerStep;
    await this.#results.add({ step, batch: step, origins: undefined, learningRate, tokens, submitted });
    return this.#completed.splice(0);
  }

  /** Waits for all updates. Returns the events of those that no call has returned yet. */
  async drain(): Promise<readonly StepEvent[]> {
    await this.#results.drain();
    return this.#completed.splice(0);
  }

  /** Returns the loss of the held-out text, or of its beginning if it is long. */
  async evaluate(): Promise<EvalEvent> {
    const { heldOut, tokenizer } = this.corpus;
    const summary = await validationLoss(this.model, {
      tokens: heldOut,
      batches: heldOutBatches,
      tokenBytes: countTokenBytes(tokenizer),
    });
    return evalEvent(this.step, summary);
  }

  /** Frees the memory on the device. */
  async [Symbol.asyncDispose](): Promise<void> {
    await this.model[Symbol.asyncDispose]();
  }

  #event({ step, loss, gradNorm, learningRate, tokens, from, to }: CompletedUpdate): StepEvent {
    this.#elapsed += (to - from) / 1000;
    return {
      type: "step",
      step,
      loss,
      gradNorm,
      lr: learningRate,
      tokens,
      tokensPerSecond: this.model.plan.tokensPerStep / Math.max(1e-6, (to - from) / 1000),
      elapsed: this.#elapsed,
    };
  }
}
