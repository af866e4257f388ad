/**
 * A model on a device: its programs over one set of weights.
 *
 * @module
 */
import { regionsOf } from "../../kernels/core/regions.ts";
import type { TensorMap } from "../../kernels/core/tensor.ts";
import type { CallTiming, Engine, Session, SessionCounters } from "../../kernels/engine/engine.ts";
import { ignoredTarget } from "../../kernels/ops/loss/cross_entropy.ts";
import type { Batch } from "../items.ts";
import { checkTokens } from "./check_tokens.ts";
import { Decoder } from "./kv_decoder.ts";
import { drawAt, randomKeys } from "./randomness.ts";
import { historyLength, type Plan, probeLabel, programsOfStep, type TrainingPlan } from "./plan.ts";
import { scoringProgram, type ScoringShape } from "./scoring.ts";
import { fitWeights } from "./weights.ts";

/** What one update was made of. */
export type StepResult = Readonly<{
  /** Mean over the step's tokens before the update, in nats. */
  loss: number;
  /** Of all gradients together, before clipping. */
  gradNorm: number;
}>;

/** What a model starts from. */
export interface OpenModelOptions {
  /** The programs to run. */
  readonly plan: Plan;
  /** Parameters by name; made to fit by `fitWeights`. */
  readonly weights: TensorMap;
  /** The optimizer's memory by label, `<param>/m` and so on; absent: zeros. */
  readonly optimizer?: TensorMap;
  /** What dropout's masks are drawn from; default 1. */
  readonly seed?: number;
}

/** Puts a model on a device. Throws RangeError for weights that do not fit. */
export async function openModel(engine: Engine, options: OpenModelOptions): Promise<ModelSession> {
  const { plan, weights, optimizer = {}, seed = 1 } = options;
  const known = new Set(optimizerLabels(plan));
  const stray = Object.keys(optimizer).find((label) => !known.has(label));
  if (stray !== undefined) {
    throw new RangeError(`Cannot load the optimizer's state: ${stray} is not part of this run`);
  }
  const lacking = Object.keys(optimizer).length > 0 && [...known].find((label) => !(label in optimizer));
  if (lacking) throw new RangeError(`Cannot load the optimizer's state: ${lacking} is missing`);
  const session = await engine.open(plan.programs, { ...fitWeights(plan.model, weights), ...optimizer });
  const keys = randomKeys(plan.programs, seed);
  session.write(keys);
  return new ModelSession(plan, session, { draws: Object.keys(keys).length > 0 });
}

/** A model on a device; made by `openModel`. */
export class ModelSession implements AsyncDisposable {
  /** Predicts next tokens, where the plan has sampling. */
  readonly decoder: Decoder;
  readonly #session: Session;
  readonly #draws: boolean;
  /** Whether the optimizer asks for the update's number. */
  readonly #counts: boolean;
  /** Updates begun, and those of them whose results were asked for. */
  #begun = 0;
  #asked = 0;
  /** A deferred update waits for `commit` or `discard`. */
  #uncommitted = false;

  /** Use `openModel`. `draws`: whether training draws random numbers. */
  constructor(readonly plan: Plan, session: Session, { draws }: { readonly draws: boolean }) {
    this.#session = session;
    this.decoder = new Decoder(plan, session);
    this.#draws = draws;
    this.#counts = plan.programs.some(({ slots }) => slots.some(({ label }) => label === "step"));
  }

  /** What was asked of the device so far. */
  get counters(): SessionCounters {
    return this.#session.counters;
  }

  /**
   * After how many updates `results` is best asked for: at once where that costs nothing, else as seldom as the device
   * can remember.
   */
  get readEvery(): number {
    const { training } = this.plan;
    return training !== undefined && training.deferred !== true && this.#session.readsDrain
      ? historyLength(training)
      : 1;
  }

  /**
   * Begins an update: forward and backward over all micro-batches, clip, optimize; with a deferred plan, the optimizer
   * runs at `commit`. It is handed to the device behind what the device still does; its loss comes with `results`.
   * `step` counts from 0.
   * Throws RangeError for a batch of another shape or with tokens outside the vocabulary, and where the device would
   * have to forget results that nobody asked for. `timed`: its calls' times come with `timings`.
   */
  begin(
    batch: Batch,
    now: { readonly learningRate: number; readonly step: number; readonly timed?: boolean },
  ): void {
    const { inputs, targets, lossWeight } = this.#checked(batch);
    const { shape } = batch;
    if (this.#uncommitted) {
      throw new RangeError("Cannot begin an update: the one before it waits for commit() or discard()");
    }
    const deferred = this.#training().deferred === true;
    const unread = this.#begun - this.#asked, most = historyLength(this.#training());
    if (unread >= most) {
      throw new RangeError(`Cannot begin an update: ${unread} are unread, ${most} are kept: ask for results`);
    }
    this.#session.write({
      inputs: { shape, data: inputs },
      targets: { shape, data: targets },
      lossWeight: one(lossWeight),
      learningRate: one(now.learningRate),
      ...(this.#counts && { step: one(now.step + 1) }),
      ...(this.#draws && drawAt(now.step * shape[0])),
    });
    const { timed = false } = now;
    const programs = programsOfStep(this.plan.training);
    this.#session.run(deferred ? programs.slice(0, -1) : programs, { timed })
      .catch(() => {}); // whoever asks for its results hears of it
    this.#begun++;
    this.#uncommitted = deferred;
  }

  /** Applies the deferred update that was begun. Throws RangeError where there is none. */
  commit(): void {
    this.#conclude("commit");
  }

  /** Drops the deferred update that was begun: weights and optimizer state stay unchanged. Throws as `commit`. */
  discard(): void {
    this.#conclude("discard");
  }

  #conclude(program: "commit" | "discard"): void {
    if (!this.#uncommitted) throw new RangeError(`Cannot ${program} an update: none is deferred`);
    this.#uncommitted = false;
    this.#session.run([program]).catch(() => {}); // the next read of results rejects with the same error
  }

  /** What came of the updates begun since the last time, in order, once they are done. */
  async results(): Promise<readonly StepResult[]> {
    const history = historyLength(this.#training()), from = this.#asked, count = this.#begun - from;
    this.#asked = this.#begun;
    if (count === 0) return [];
    const read = await this.#session.read(["history/loss", "history/gradNorm"]);
    return Array.from({ length: count }, (_, i) => {
      const slot = (from + i) % history;
      return { loss: read["history/loss"].data[slot], gradNorm: read["history/gradNorm"].data[slot] };
    });
  }

  /** One update and what came of it: `begin`, `results`, and `commit` where the plan is deferred. Throws what they throw. */
  async step(
    batch: Batch,
    now: { readonly learningRate: number; readonly step: number },
  ): Promise<StepResult> {
    this.begin(batch, now);
    const results = await this.results();
    if (this.#uncommitted) this.commit();
    return results.at(-1)!;
  }

  /**
   * Loss of each position in nats, 0 where the target is `ignoredTarget`. inputs and targets are [B, T] of the plan's
   * evaluation, or of `scoring`, one of its scoring shapes. Throws RangeError where they are not.
   */
  async losses(
    inputs: Uint32Array,
    targets: Uint32Array,
    { scoring }: { readonly scoring?: ScoringShape } = {},
  ): Promise<Float32Array> {
    const { evaluation, model } = this.plan;
    const shape = scoring ?? (evaluation && [evaluation.batch, evaluation.seqLen]);
    if (shape === undefined) throw new RangeError("Cannot evaluate: the plan has no evaluation");
    const name = scoring === undefined ? "eval" : scoringProgram(scoring);
    const wanted = shape[0] * shape[1];
    if (inputs.length !== wanted || targets.length !== wanted) {
      throw new RangeError(
        `Cannot evaluate ${inputs.length} inputs and ${targets.length} targets: wanted [${shape}] of each`,
      );
    }
    checkTokens(inputs, { limit: model.vocabSize, what: "input" });
    checkTokens(targets, { limit: model.vocabSize, what: "target" });
    this.#session.write({
      [`${name}/inputs`]: { shape, data: inputs },
      [`${name}/targets`]: { shape, data: targets },
    });
    await this.#session.run([name]);
    return floats((await this.#session.read([`${name}/losses`]))[`${name}/losses`].data);
  }

  /**
   * Logits [vocabSize] of the token after `ids`, of which the last `seqLen` are seen. They become text 0 of `decoder`.
   * Throws RangeError without ids or with ids outside the vocabulary.
   */
  async logits(ids: ArrayLike<number>): Promise<Float32Array> {
    return await this.decoder.prefill(Uint32Array.from(ids).subarray(-this.plan.model.seqLen));
  }

  /** Parameters by name. */
  weights(): Promise<TensorMap> {
    return this.#session.read([...this.plan.parameters.keys()]);
  }

  /** The optimizer's memory by label; empty without training. */
  optimizer(): Promise<TensorMap> {
    return this.#session.read(optimizerLabels(this.plan));
  }

  /** Times of the calls of all timed updates since this was asked last; null where the device cannot tell. */
  timings(): Promise<readonly CallTiming[] | null> {
    return this.#session.timings();
  }

  /** Any persistent tensors by label, such as `wte.weight/grad` between micro-batches; for tests and probes. */
  read(labels: readonly string[]): Promise<TensorMap> {
    return this.#session.read(labels);
  }

  /** Gradients of `batch`'s mean loss by parameter name, without an update; dropout's masks are those of step 0. */
  async gradients(batch: Batch): Promise<TensorMap> {
    const { inputs, targets, lossWeight } = this.#checked(batch);
    const { gradients } = await this.#gradientsAfter(Array<string>(batch.shape[0]).fill("micro"), {
      inputs: { shape: batch.shape, data: inputs },
      targets: { shape: batch.shape, data: targets },
      lossWeight: one(lossWeight),
      ...(this.#draws && drawAt(0)),
    });
    return gradients;
  }

  /**
   * What a batch's first micro-batch is inside the model, without an update and without dropout: gradients of its mean
   * loss by parameter name, and the model's probes by name, `<name>/grad` what the loss's gradient there is. Throws
   * RangeError where the plan has no `inspection`, or the batch does not fit.
   */
  async inspect(batch: Batch): Promise<{ readonly gradients: TensorMap; readonly probes: TensorMap }> {
    const program = this.plan.programs.find(({ name }) => name === "inspect");
    if (program === undefined) throw new RangeError("Cannot inspect: the plan has no inspection");
    const shape = batch.shape.slice(1), size = shape[0] * shape[1];
    const checked = this.#checked(batch);
    const [inputs, targets] = [checked.inputs, checked.targets].map((all) => all.slice(0, size));
    const counted = targets.filter((target) => target !== ignoredTarget).length;
    const labels = program.slots.map(({ label }) => label).filter((label) =>
      label.startsWith(probeLabel(""))
    );
    return await this.#gradientsAfter(["inspect"], {
      "inspect/inputs": { shape, data: inputs },
      "inspect/targets": { shape, data: targets },
      lossWeight: one(1 / Math.max(1, counted)),
    }, labels);
  }

  /** Runs programs that add to the gradients, reads these and `probes`, and clears them again. */
  async #gradientsAfter(
    programs: readonly string[],
    values: TensorMap,
    probes: readonly string[] = [],
  ): Promise<{ readonly gradients: TensorMap; readonly probes: TensorMap }> {
    const names = [...this.plan.parameters.keys()];
    const zeros = Object.fromEntries(
      [...this.plan.parameters].map(([name, { tensor: { shape } }]) => {
        const data = new Float32Array(shape.reduce((a, b) => a * b, 1));
        return [`${name}/grad`, { shape, data }];
      }),
    );
    this.#session.write({ ...zeros, ...values });
    await this.#session.run(programs);
    const found = await this.#session.read([...names.map((name) => `${name}/grad`), ...probes]);
    this.#session.write({ ...zeros, "loss/sum": one(0) });
    const { gradientScale = 1 } = this.#training();
    const read = (label: string) => {
      const { shape, data } = found[label], scaled = label.endsWith("/grad") && gradientScale !== 1;
      return { shape, data: scaled ? floats(data).map((x) => x / gradientScale) : floats(data) };
    };
    return {
      gradients: Object.fromEntries(names.map((name) => [name, read(`${name}/grad`)])),
      probes: Object.fromEntries(probes.map((label) => [label.slice(probeLabel("").length), read(label)])),
    };
  }

  /** Frees the device. */
  async [Symbol.asyncDispose](): Promise<void> {
    await this.#session[Symbol.asyncDispose]();
  }

  #training(): TrainingPlan {
    const { training } = this.plan;
    if (training === undefined) throw new RangeError("Cannot train: the plan has no training");
    return training;
  }

  #checked(batch: Batch): { inputs: Uint32Array; targets: Uint32Array; lossWeight: number } {
    const { model } = this.plan, training = this.#training();
    const wanted = training.shape.reduce((a, b) => a * b);
    const sizes = [batch.inputs.length, batch.targets.length, batch.mask?.length ?? wanted];
    if (String(batch.shape) !== String(training.shape) || sizes.some((n) => n !== wanted)) {
      throw new RangeError(
        `Cannot train on a batch of shape [${batch.shape}] with ${sizes} tokens: wanted [${training.shape}]`,
      );
    }
    checkTokens(batch.inputs, { limit: model.vocabSize, what: "input" });
    checkTokens(batch.targets, { limit: model.vocabSize, what: "target" });
    const { mask, inputs } = batch;
    const targets = mask ? batch.targets.map((t, i) => mask[i] === 0 ? ignoredTarget : t) : batch.targets;
    const counted = targets.reduce((n, t) => n + (t === ignoredTarget ? 0 : 1), 0);
    if (counted === 0) throw new RangeError("Cannot train on a batch whose every target is masked");
    return { inputs, targets, lossWeight: 1 / counted };
  }
}

function optimizerLabels(plan: Plan): readonly string[] {
  const regions = regionsOf(plan.programs).filter(({ kind }) => kind === "optimizer");
  return regions.flatMap(({ members }) => members.map(({ label }) => label));
}

function one(value: number): TensorMap[string] {
  return { shape: [1], data: Float32Array.of(value) };
}

function floats(data: TensorMap[string]["data"]): Float32Array {
  return data instanceof Float32Array ? data : Float32Array.from(data);
}
