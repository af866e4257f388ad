/**
 * A language model on a device: it trains on batches that the host sends, evaluates, inspects and predicts.
 *
 * A session takes one batch per update, because its data streams through the host. Small nets whose data fits
 * on the device are trained by stages/train/on_device, with a thousand updates per submit.
 *
 * @module
 */
import { regionsOf } from "../../kernels/core/regions.ts";
import type { TensorMap } from "../../kernels/core/tensor.ts";
import type {
  CallTiming,
  Engine,
  Session,
  SessionCounters,
  SessionRanks,
} from "../../kernels/engine/engine.ts";
import { ignoredTarget } from "../../kernels/ops/loss/cross_entropy.ts";
import type { Batch } from "../items.ts";
import { lossSumLabel } from "./leaves.ts";
import { anchorSuffix, isShared } from "./outer_graph.ts";
import { type BatchInputs, batchInputs, checkTokens, documentPositions, trainingOf } from "./check_inputs.ts";
import { inspectBatch, type ModelInspection, readGradients } from "./gradient_reader.ts";
import { Decoder } from "./kv_decoder.ts";
import type { Plan } from "./plan.ts";
import { drawsAt, randomKeys } from "./randomness.ts";
import { scoringProgram, type ScoringShape } from "./scoring.ts";
import { sumLabels } from "./sum_graph.ts";
import { floats, scalar } from "./tensor_data.ts";
import { type ModelTrace, traceLogits, traceQkv, traceTokens } from "./trace.ts";
import { gradientPrograms, historyLength, programsOfStep } from "./training_plan.ts";
import { fitWeights } from "./weights.ts";

/** Tokens for each process that are evaluated between two messages: so few take little memory. */
const MESSAGE_TOKENS = 8192;

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
  const session = await engine.open(plan.programs, {
    ...fitted,
    ...constants,
    ...anchors(plan, fitted),
    ...Object.fromEntries(
      Object.entries(optimizer).map(([label, tensor]) => [label.replace(ownSuffix, ""), tensor]),
    ),
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
    const gradients = gradientPrograms(training).length;
    const parts = this.#session.ranks === undefined
      ? [programs]
      : [programs.slice(0, gradients), programs.slice(gradients)];
    parts.forEach((part, i) => {
      if (i > 0) this.#sumOverRanks(outer === undefined ? this.#sums : [lossSumLabel]);
      this.#run(part, timed);
    });
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
    const { evaluation } = this.plan, { ranks } = this.#session;
    if (ranks === undefined || evaluation === undefined) return ranks?.size ?? 1;
    return ranks.size * Math.max(1, Math.floor(MESSAGE_TOKENS / (evaluation.batch * evaluation.seqLen)));
  }

  /**
   * Returns the loss of each target in nats, which is 0 for an `ignoredTarget`. Inputs and targets are [B,
   * T], with the sizes of the plan's evaluation or of `scoring`, one of the plan's scoring shapes; or up to
   * `batchesAtOnce` such batches end to end. With `reference`, the losses are those of the plan's reference,
   * which has the sizes of the evaluation. Throws RangeError if they have another length or a token is
   * outside the vocabulary.
   */
  async losses(
    inputs: Uint32Array,
    targets: Uint32Array,
    { scoring, reference = false }: {
      readonly scoring?: ScoringShape;
      readonly reference?: boolean;
    } = {},
  ): Promise<Float32Array> {
    const { evaluation, model } = this.plan;
    const shape = scoring ?? (evaluation && [evaluation.batch, evaluation.seqLen]);
    if (shape === undefined) throw new RangeError("Cannot evaluate: the plan has no evaluation");
    const name = scoring !== undefined ? scoringProgram(scoring) : reference ? "reference" : "eval";
    const wanted = shape[0] * shape[1], { ranks } = this.#session;
    const many = inputs.length / wanted, isWhole = Number.isInteger(many) && many >= 1;
    if (!isWhole || many > this.batchesAtOnce || targets.length !== inputs.length) {
      throw new RangeError(
        `Cannot evaluate ${inputs.length} inputs and ${targets.length} targets: wanted [${shape}] of each`,
      );
    }
    checkTokens(inputs, { limit: model.vocabSize, what: "input" });
    checkTokens(targets, { limit: model.vocabSize, what: "target" });
    if (ranks !== undefined) return await this.#dealtLosses(ranks, { name, shape, inputs, targets });
    this.#session.write({
      [`${name}/inputs`]: { shape, data: inputs },
      [`${name}/targets`]: { shape, data: targets },
    });
    await this.#session.run([name]);
    return floats((await this.#session.read([`${name}/losses`]))[`${name}/losses`].data);
  }

  /**
   * Deals out batches among the processes, which compute one after the other and send all losses together.
   */
  async #dealtLosses(
    ranks: SessionRanks,
    { name, shape, inputs, targets }: {
      readonly name: string;
      readonly shape: readonly number[];
      readonly inputs: Uint32Array;
      readonly targets: Uint32Array;
    },
  ): Promise<Float32Array> {
    const each = shape[0] * shape[1], size = ranks.size * each, rounds = Math.ceil(inputs.length / size);
    let gathered: Promise<Float32Array> = Promise.resolve(new Float32Array());
    for (let round = 0; round < rounds; round++) {
      const part = (all: Uint32Array, padding: number) => {
        const data = new Uint32Array(size).fill(padding);
        data.set(all.subarray(round * size, (round + 1) * size));
        return { shape: [ranks.size * shape[0], shape[1]], data };
      };
      this.#session.write({
        [`${name}/inputs`]: part(inputs, 0),
        [`${name}/targets`]: part(targets, ignoredTarget),
      });
      this.#run([name]);
      if (round < rounds - 1) ranks.keep(`${name}/losses`);
      else gathered = ranks.gather(`${name}/losses`);
    }
    const all = await gathered, losses = new Float32Array(inputs.length);
    for (let batch = 0; batch * each < losses.length; batch++) {
      const rank = batch % ranks.size,
        round = Math.floor(batch / ranks.size),
        at = (rank * rounds + round) * each;
      losses.set(all.subarray(at, at + each), batch * each);
    }
    return losses;
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
  async optimizer(): Promise<TensorMap> {
    const labels = optimizerLabels(this.plan), { ranks } = this.#session;
    if (ranks === undefined || this.plan.training?.outer === undefined) {
      return await this.#session.read(labels);
    }
    const all: Record<string, TensorMap[string]> = { ...await this.#session.read(labels.filter(isShared)) };
    const gather = async (label: string) => {
      const data = await ranks.gather(label);
      return { shape: [data.length], data };
    };
    for (const label of labels) all[label] ??= await gather(label);
    for (const name of this.plan.trained.keys()) all[`${name}${ownSuffix}`] = await gather(name);
    return all;
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
  async trace(ids: ArrayLike<number>): Promise<ModelTrace> {
    const { tracing, traced, model: { vocabSize, paddedVocabSize } } = this.plan;
    if (tracing === undefined) throw new RangeError("Cannot trace: the plan has no tracing");
    const { length } = ids, tokens = new Uint32Array(tracing.seqLen);
    if (length < 1 || length > tracing.seqLen) {
      throw new RangeError(`Cannot trace ${length} tokens: wanted 1 to ${tracing.seqLen}`);
    }
    tokens.set(ids); // no token sees the padding after it
    checkTokens(tokens, { limit: vocabSize, what: "text" });
    this.#session.write({ [traceTokens]: { shape: [1, tracing.seqLen], data: tokens } });
    await this.#session.run(["trace"]);
    const found = await this.#session.read([traceLogits, ...traced.map((_, block) => traceQkv(block))]);
    const logits = floats(found[traceLogits].data);
    return {
      logits: Array.from(
        { length },
        (_, t) => logits.subarray(t * paddedVocabSize, t * paddedVocabSize + vocabSize),
      ),
      attention: traced.map((form, block) => {
        const { shape, data } = found[traceQkv(block)];
        return { form, qkv: floats(data).subarray(0, length * shape[shape.length - 1]) };
      }),
    };
  }

  /** Frees the memory on the device. */
  async [Symbol.asyncDispose](): Promise<void> {
    await this.#session[Symbol.asyncDispose]();
  }
}

/** Returns the inputs of a batch as the tensors that the training programs read. */
function batchTensors(
  { inputs, targets, weights, firstKeys, lossWeight }: BatchInputs,
  shape: Batch["shape"],
): TensorMap {
  return {
    inputs: { shape, data: inputs },
    targets: { shape, data: targets },
    ...(weights && { weights: { shape, data: weights } }),
    ...(firstKeys && {
      firstKeys: { shape, data: firstKeys },
      positions: { shape, data: documentPositions(firstKeys, shape[2]) },
    }),
    lossWeight: scalar(lossWeight),
  };
}

/** Ending of the names under which a checkpoint keeps the parameters of processes that train apart. */
const ownSuffix = "/of each process";

/** Returns the parameters from which processes begin to train apart. */
function anchors({ trained, training }: Plan, weights: TensorMap): TensorMap {
  const names = training?.outer === undefined ? [] : [...trained.keys()];
  return Object.fromEntries(names.map((name) => [`${name}${anchorSuffix}`, weights[name]]));
}

function checkOptimizerState(plan: Plan, optimizer: TensorMap): void {
  const apart = plan.training?.outer === undefined || (plan.training.ranks ?? 1) === 1
    ? []
    : [...plan.trained.keys()];
  const wanted = [...optimizerLabels(plan), ...apart.map((name) => `${name}${ownSuffix}`)],
    found = Object.keys(optimizer);
  if (found.length === 0) return;
  const extra = found.find((label) => !wanted.includes(label));
  if (extra !== undefined) {
    throw new RangeError(`Cannot load the optimizer's state: ${extra} is not part of this run`);
  }
  const missing = wanted.find((label) => !found.includes(label));
  if (missing !== undefined) throw new RangeError(`Cannot load the optimizer's state: ${missing} is missing`);
}

function optimizerLabels(plan: Plan): readonly string[] {
  const regions = regionsOf(plan.programs).filter(({ kind }) => kind === "optimizer");
  return regions.flatMap(({ members }) => members.map(({ label }) => label));
}
