/**
 * A language model on a device: it trains on batches that the host sends, evaluates, inspects and predicts.
 *
 * A session takes one batch per update, because its data streams through the host. Small nets whose data fits
 * on the device are trained by stages/train/on_device, with a thousand updates per submit.
 *
 * @module
 */
import type { TensorMap } from "../../kernels/core/tensor.ts";
import type { CallTiming, Engine, Session, SessionCounters } from "../../kernels/engine/engine.ts";
import type { Batch } from "../items.ts";
import { batchInputs, batchTensors, trainingOf } from "./check_inputs.ts";
import { inspectBatch, type ModelInspection, readGradients } from "./gradient_reader.ts";
import { isDecodeProgram } from "./decode_plan.ts";
import { Decoder, isDealt } from "./kv_decoder.ts";
import { lossSumLabel } from "./leaves.ts";
import { batchesAtOnce, modelLosses } from "./model_losses.ts";
import { checkOptimizerState, optimizerStart, readOptimizer } from "./optimizer_state.ts";
import type { Plan } from "./plan.ts";
import { drawsAt, randomKeys } from "./randomness.ts";
import type { ScoringShape } from "./scoring.ts";
import { sumLabels } from "./sum_graph.ts";
import { scalar } from "./tensor_data.ts";
import type { ModelTrace } from "./trace.ts";
import { traceText } from "./trace_text.ts";
import { gradientPrograms, historyLength, programsOfStep } from "./training_plan.ts";
import { fitWeights } from "./weights.ts";

/** The loss and the gradient norm of one update. */
export type StepResult = Readonly<{
  /** Mean loss per target before the update, in nats. */
  loss: number;
  /** Norm of all gradients together; it is computed before clipping. */
  gradNorm: number;
}>;

/** A model's programs and the values that they start from. */
export interface OpenModelOptions {
  /** The programs. */
  readonly plan: Plan;
  /** Parameters, keyed by name; `fitWeights` adapts published weights to the model. */
  readonly weights: TensorMap;
  /** Optimizer state; the key is a label such as `<parameter>/m`. Default: all zeros. */
  readonly optimizer?: TensorMap;
  /** Seed of the dropout masks; default 1. */
  readonly seed?: number;
}

/**
 * Puts a model on a device. Throws RangeError for weights or optimizer state that do not fit the plan.
 *
 * @example
 * ```ts
 * import { gpt, initialWeights, openEngine, openModel, plan } from "@stagewise/gpt";
 *
 * const model = gpt({ layers: 1, heads: 1, channels: 16, seqLen: 8, vocabSize: 257 });
 * const { engine } = await openEngine("cpu");
 * const planned = plan({ model, evaluation: { batch: 1, seqLen: 8 } });
 * await using session = await openModel(engine, { plan: planned, weights: initialWeights(model, 1) });
 * const ids = Uint32Array.of(1, 2, 3, 4, 5, 6, 7, 8);
 * console.log((await session.losses(ids, ids)).length); // 8
 * ```
 */
export async function openModel(engine: Engine, options: OpenModelOptions): Promise<ModelSession> {
  const { plan, weights, optimizer = {}, seed = 1 } = options;
  checkOptimizerState(plan, optimizer);
  const fitted = fitWeights(plan.model, weights, plan.quantized);
  const constants = plan.model.constants?.() ?? {};
  const values = { ...fitted, ...constants, ...optimizerStart(plan, { weights: fitted, optimizer }) };
  const session = await engine.open(plan.programs, values, {
    alone: (program) => !isDealt(plan) && isDecodeProgram(program),
  });
  const keys = randomKeys(plan.programs, seed);
  session.write(keys);
  return new ModelSession(plan, session, { draws: Object.keys(keys).length > 0 });
}

/** A model on a device; made by `openModel`. */
export class ModelSession implements AsyncDisposable {
  /** Predicts next tokens, if the plan has sampling. */
  readonly decoder: Decoder;
  readonly #session: Session;
  readonly #draws: boolean;
  /** Whether the optimizer reads the index of the update. */
  readonly #readsStep: boolean;
  /** Labels of the sums over micro-batches: gradients and loss. */
  readonly #sums: readonly string[];
  /** Number of updates begun. */
  #begun = 0;
  /** Number of updates whose results have been requested. */
  #requested = 0;
  /** What follows the latest update once it is applied. */
  #afterCommit = (): void => {};
  /** Whether a deferred update waits for `commit` or `discard`. */
  #uncommitted = false;

  /** Use `openModel` instead. `draws` says whether training uses random numbers. */
  constructor(readonly plan: Plan, session: Session, { draws }: { readonly draws: boolean }) {
    this.#session = session;
    this.decoder = new Decoder(plan, session);
    this.#draws = draws;
    this.#sums = sumLabels(plan.programs);
    this.#readsStep = plan.programs.some(({ slots }) => slots.some(({ label }) => label === "step"));
  }

  /** Counts of runs, reads and waits so far. */
  get counters(): SessionCounters {
    return this.#session.counters;
  }

  /** Number of updates begun: a KV cache of an earlier number is that of other weights. */
  get updates(): number {
    return this.#begun;
  }

  /**
   * Number of updates after which to call `results`: 1 if a read costs nothing, otherwise the number of
   * results that the device can keep.
   */
  get readEvery(): number {
    const { training } = this.plan;
    return training !== undefined && training.deferred !== true && this.#session.readsDrain
      ? historyLength(training)
      : 1;
  }

  /**
   * Begins an update: forward and backward over all micro-batches, then clip and optimize (for a deferred
   * update, `commit` optimizes). It only queues the work on the device; `results` returns the loss.
   *
   * `step` is the index of the update, starting at 0. `timed` says whether `timings` will include the calls
   * of this update. Throws RangeError for a batch of another shape or with tokens outside the vocabulary, and
   * if a result that was never read would be overwritten.
   */
  begin(
    batch: Batch,
    options: { readonly learningRate: number; readonly step: number; readonly timed?: boolean },
  ): void {
    const { learningRate, step, timed = false } = options;
    const read = batchInputs(this.plan, batch), { shape } = batch;
    if (this.#uncommitted) {
      throw new RangeError("Cannot begin an update: the one before it waits for commit() or discard()");
    }
    const training = trainingOf(this.plan), { outer, deferred = false } = training;
    const unread = this.#begun - this.#requested, most = historyLength(training);
    if (unread >= most) {
      throw new RangeError(
        `Cannot begin an update: the results of ${unread} are unread, and the device keeps ${most}: call results() first`,
      );
    }
    this.#session.write({
      ...batchTensors(read, shape),
      // Processes that train apart have each a mean of its own.
      ...(outer !== undefined && { lossWeight: scalar(read.lossWeight * (training.ranks ?? 1)) }),
      learningRate: scalar(learningRate),
      ...(this.#readsStep && { step: scalar(step + 1) }),
      ...(this.#draws && drawsAt(step * shape[0], training)),
    });
    const whole = programsOfStep(training), programs = deferred ? whole.slice(0, -1) : whole;
    const gradients = gradientPrograms(training), { ranks } = this.#session, { overlap } = this.plan;
    if (ranks === undefined) {
      this.#run(programs, timed);
    } else {
      if (ranks.overlaps && overlap.length > 0) {
        this.#run(gradients.slice(0, gradients.lastIndexOf("micro")), timed);
        for (const { programs, complete } of overlap) {
          this.#run(programs, timed);
          ranks.beginSum(complete);
        }
        this.#sumOverRanks([lossSumLabel]);
      } else {
        this.#run(gradients, timed);
        this.#sumOverRanks(outer === undefined ? this.#sums : [lossSumLabel]);
      }
      this.#run(programs.slice(gradients.length), timed);
    }
    this.#afterCommit = () => {
      if (outer === undefined || (step + 1) % outer.every !== 0) return;
      this.#run(["outer/difference"], timed);
      this.#sumOverRanks(this.#sums.filter((label) => label !== lossSumLabel));
      this.#run(["outer/step"], timed);
    };
    if (!deferred) this.#afterCommit();
    this.#begun++;
    this.#uncommitted = deferred;
  }

  /** Queues programs. */
  #run(programs: readonly string[], timed = false): void {
    if (programs.length === 0) return;
    this.#session.run(programs, { timed }).catch(() => {}); // the next read of results has the same error
  }

  /** Queues the sum of tensors over all processes. */
  #sumOverRanks(labels: readonly string[]): void {
    this.#session.ranks?.sum(labels).catch(() => {}); // as above
  }

  /** Applies the deferred update that was begun. Throws RangeError if there is none. */
  commit(): void {
    this.#finishDeferred("commit");
  }

  /**
   * Discards the deferred update that was begun: weights and optimizer state stay unchanged. Throws
   * RangeError if there is none.
   */
  discard(): void {
    this.#finishDeferred("discard");
  }

  #finishDeferred(program: "commit" | "discard"): void {
    if (!this.#uncommitted) throw new RangeError(`Cannot ${program} an update: none is deferred`);
    this.#uncommitted = false;
    this.#run([program]);
    if (program === "commit") this.#afterCommit();
  }

  /**
   * Returns the results of the updates begun since the last call, in order, once the device has computed
   * them.
   */
  async results(): Promise<readonly StepResult[]> {
    const history = historyLength(trainingOf(this.plan)), from = this.#requested, count = this.#begun - from;
    this.#requested = this.#begun;
    if (count === 0) return [];
    const read = await this.#session.read(["history/loss", "history/gradNorm"]);
    return Array.from({ length: count }, (_, i) => {
      const slot = (from + i) % history;
      return { loss: read["history/loss"].data[slot], gradNorm: read["history/gradNorm"].data[slot] };
    });
  }

  /**
   * Makes one whole update with `begin` and `results`; a deferred update is committed. Throws the errors of
   * these methods.
   */
  async step(
    batch: Batch,
    options: { readonly learningRate: number; readonly step: number },
  ): Promise<StepResult> {
    this.begin(batch, options);
    const results = await this.results();
    if (this.#uncommitted) this.commit();
    return results.at(-1)!;
  }

  /**
   * Number of batches that `losses` computes at once: 1 in one process. Several take as many as are worth a
   * message.
   */
  get batchesAtOnce(): number {
    return batchesAtOnce(this.plan, this.#session);
  }

  /**
   * Returns the loss of each target in nats, which is 0 for an `ignoredTarget`. Inputs and targets are [B,
   * T], with the sizes of the plan's evaluation or of `scoring`, one of the plan's scoring shapes; or up to
   * `batchesAtOnce` such batches end to end. With `reference`, the losses are those of the plan's reference,
   * which has the sizes of the evaluation. Throws RangeError if they have another length or a token is
   * outside the vocabulary.
   */
  losses(
    inputs: Uint32Array,
    targets: Uint32Array,
    options: { readonly scoring?: ScoringShape; readonly reference?: boolean } = {},
  ): Promise<Float32Array> {
    return modelLosses(this.plan, this.#session, { inputs, targets, ...options });
  }

  /**
   * Returns the logits [vocabSize] of the token after `ids`; the model sees only the last `seqLen` ids. This
   * overwrites text 0 of `decoder`. Throws RangeError if `ids` is empty or has an id outside the vocabulary.
   */
  async logits(ids: ArrayLike<number>): Promise<Float32Array> {
    return await this.decoder.prefill(Uint32Array.from(ids).subarray(-this.plan.cacheLength));
  }

  /** Reads the parameters, keyed by name. */
  weights(): Promise<TensorMap> {
    return this.#session.read([...this.plan.parameters.keys()]);
  }

  /** Reads the parameters that training changes, keyed by name. */
  trainedWeights(): Promise<TensorMap> {
    return this.#session.read([...this.plan.trained.keys()]);
  }

  /**
   * Reads the optimizer state, keyed by label; empty without training. If the processes train apart, it holds
   * that of each, one after the other, and their parameters.
   */
  optimizer(): Promise<TensorMap> {
    return readOptimizer(this.plan, this.#session);
  }

  /**
   * Returns the times of the calls of all timed updates since the last `timings()`, or null if the device
   * cannot time calls.
   */
  timings(): Promise<readonly CallTiming[] | null> {
    return this.#session.timings();
  }

  /**
   * Reads persistent tensors by their labels, such as `wte.weight/grad` between micro-batches. For tests and
   * probes.
   */
  read(labels: readonly string[]): Promise<TensorMap> {
    return this.#session.read(labels);
  }

  /**
   * Returns the gradients of the batch's mean loss, keyed by parameter name. Nothing is updated; the dropout
   * masks are those of step 0.
   */
  async gradients(batch: Batch): Promise<TensorMap> {
    const { gradients } = await readGradients(this.plan, this.#session, {
      programs: gradientPrograms(trainingOf(this.plan)),
      values: {
        ...batchTensors(batchInputs(this.plan, batch), batch.shape),
        ...(this.#draws && drawsAt(0, trainingOf(this.plan))),
      },
      sum: async () => await this.#session.ranks?.sum(this.#sums),
    });
    return gradients;
  }

  /**
   * Returns the probes of the batch's first micro-batch and the gradients of the micro-batch's mean loss.
   * Nothing is updated, and there is no dropout. Throws RangeError if the plan has no `inspection` or the
   * batch does not fit the plan.
   */
  inspect(batch: Batch): Promise<ModelInspection> {
    return inspectBatch(this.plan, this.#session, batch);
  }

  /**
   * Runs one text through the model. Returns the logits after each of its tokens, and what the attention of
   * each block reads. Throws RangeError if the plan has no `tracing`, if `ids` is empty or longer than the
   * plan's texts, or has an id outside the vocabulary.
   */
  trace(ids: ArrayLike<number>): Promise<ModelTrace> {
    return traceText(this.plan, this.#session, ids);
  }

  /** Frees the memory on the device. */
  async [Symbol.asyncDispose](): Promise<void> {
    await this.#session[Symbol.asyncDispose]();
  }
}
