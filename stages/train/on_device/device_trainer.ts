/**
 * Training of small nets on data that lies on the device: the host writes which examples each of a thousand steps takes
 * and at what rate, runs them all at once, and reads their losses.
 *
 * @module
 */
import type { TensorMap } from "../../../kernels/core/tensor.ts";
import type { Engine, Session } from "../../../kernels/engine/engine.ts";
import { initialWeights, parametersOf } from "../../../kernels/models/model.ts";
import { ignoredTarget } from "../../../kernels/ops/loss/cross_entropy.ts";
import { drawAt, randomKeys } from "../../model/randomness.ts";
import {
  type DevicePlanOptions,
  devicePrograms,
  evalBatches,
  exampleCount,
  type Examples,
  stepsPerChunk,
  targetsPerExample,
  trainerLabels,
} from "./device_plan.ts";

/** What a trainer starts from. */
export interface DeviceTrainerOptions extends DevicePlanOptions {
  /** Parameters and buffers by name; what is missing begins by the seed. */
  readonly weights?: TensorMap;
  /** Of first weights and of dropout; default 1. */
  readonly seed?: number;
}

/** Some steps. */
export interface StepSchedule {
  /** Numbers of examples, [steps, batch]. */
  readonly rows: Uint32Array;
  /** One rate for all, or one a step. */
  readonly rates: number | Float32Array;
}

/** What a step is inside: by the probe's name, gradients also by the parameter's. */
export interface StepInspection {
  /** Of the batch. */
  readonly loss: number;
  /** What probes hold. */
  readonly values: TensorMap;
  /** Of the loss, with respect to probes and parameters. */
  readonly gradients: TensorMap;
}

/** Programs in one submit: a device's watchdog may end longer ones. */
const AT_ONCE = 100;

/**
 * Puts a net and its examples on a device. Throws RangeError for sizes that do not fit and weights that are not the net's.
 *
 * @example
 * ```ts
 * import { openCpu } from "../../../kernels/engine/cpu/cpu_engine.ts";
 * import { bigramNet } from "../../../kernels/models/course/name_nets.ts";
 * import { sgd } from "../../../kernels/optim/sgd.ts";
 * import { openResident } from "./device_trainer.ts";
 * import { threadsFor } from "./device_plan.ts";
 * const examples = { context: 1, inputs: Uint32Array.of(0, 5, 13, 13, 1), targets: Uint32Array.of(5, 13, 13, 1, 0) };
 * const options = { model: bigramNet(), examples, batch: 5, optimizer: sgd({ momentum: 0 }) };
 * await using trainer = await openResident(await openCpu(threadsFor(options)), options);
 * const losses = await trainer.train({ rows: Uint32Array.of(0, 1, 2, 3, 4, 0, 1, 2, 3, 4), rates: 10 });
 * console.assert(losses[1] < losses[0]);
 * ```
 */
export async function openDeviceTrainer(
  engine: Engine,
  options: DeviceTrainerOptions,
): Promise<DeviceTrainer> {
  const { model, examples, seed = 1, weights = {} } = options;
  const programs = devicePrograms(options);
  const first = initialWeights(model, seed);
  for (const [name, { data }] of Object.entries(weights)) {
    if (first[name]?.data.length === data.length) continue;
    throw new RangeError(
      first[name] === undefined
        ? `Cannot load ${name}: ${model.name} has ${Object.keys(first).join(", ")}`
        : `Cannot load ${name}: got ${data.length} values, wanted [${first[name].shape}]`,
    );
  }
  const session = await engine.open(programs, { ...first, ...weights });
  const keys = randomKeys(programs, seed);
  session.write({
    [trainerLabels.inputs]: flat("text" in examples ? examples.text : examples.inputs),
    ...("text" in examples ? {} : { [trainerLabels.targets]: flat(examples.targets) }),
    ...keys,
  });
  const looks = [...programs.find(({ name }) => name === "look")?.outputs.keys() ?? []];
  return new DeviceTrainer(options, session, {
    names: Object.keys(first),
    looks,
    draws: Object.keys(keys).length > 0,
    labels: new Set(programs.flatMap(({ slots }) => slots).map(({ label }) => label)),
  });
}

/** What a trainer knows of its programs. */
interface Known {
  /** Of parameters and buffers. */
  readonly names: readonly string[];
  /** What `look` leaves. */
  readonly looks: readonly string[];
  /** Whether training draws random numbers. */
  readonly draws: boolean;
  /** Labels of all that stands on the device: an optimizer may ask for less than there is to write. */
  readonly labels: ReadonlySet<string>;
}

/** A net in training; made by `openResident`. */
export class DeviceTrainer implements AsyncDisposable {
  readonly #options: DeviceTrainerOptions;
  readonly #session: Session;
  readonly #known: Known;
  /** Of each example, how many of its targets count; null: all. */
  readonly #counts: Uint32Array | null;
  #steps = 0;

  /** Use `openResident`. */
  constructor(options: DeviceTrainerOptions, session: Session, known: Known) {
    this.#options = options;
    this.#session = session;
    this.#known = known;
    this.#counts = countsOf(options.examples);
  }

  /** Updates so far. */
  get steps(): number {
    return this.#steps;
  }

  /**
   * Takes steps and gives the loss of each, before its update, with the penalty. Throws RangeError for rows that are no
   * whole batches of the examples, and rates that are not one a step.
   */
  async train({ rows, rates }: StepSchedule): Promise<Float32Array> {
    const { batch } = this.#options, chunk = stepsPerChunk(this.#options);
    this.#checkRows(rows);
    const steps = rows.length / batch;
    if (!Number.isInteger(steps) || typeof rates !== "number" && rates.length !== steps) {
      throw new RangeError(
        `Cannot train on ${rows.length} examples with ${
          typeof rates === "number" ? "one rate" : `${rates.length} rates`
        }: wanted whole batches of ${batch} and a rate for each`,
      );
    }
    const losses = new Float32Array(steps);
    for (let from = 0; from < steps; from += chunk) {
      const count = Math.min(chunk, steps - from);
      const own = typeof rates === "number"
        ? new Float32Array(count).fill(rates)
        : rates.subarray(from, from + count);
      this.#begin({ rows: rows.subarray(from * batch, (from + count) * batch), rates: own });
      await this.#run("step", count);
      this.#steps += count;
      const { data } = (await this.#session.read([trainerLabels.losses]))[trainerLabels.losses];
      losses.set(data.subarray(0, count), from);
    }
    return losses;
  }

  /** Loss of each target of some examples, [rows, targets an example], by the weights as they are; 0 where ignored. */
  async losses(rows: Uint32Array): Promise<Float32Array> {
    const { examples, evalBatch = 512 } = this.#options, each = targetsPerExample(examples);
    this.#checkRows(rows);
    const losses = new Float32Array(rows.length * each), most = evalBatches * evalBatch;
    for (let from = 0; from < rows.length; from += most) {
      const own = rows.subarray(from, from + most);
      const padded = new Uint32Array(most).fill(own[0]);
      padded.set(own);
      this.#session.write({
        [trainerLabels.evalRows]: flat(padded),
        [trainerLabels.slot]: flat(Uint32Array.of(0)),
      });
      await this.#run("eval", Math.ceil(own.length / evalBatch));
      const { data } = (await this.#session.read([trainerLabels.evalLosses]))[trainerLabels.evalLosses];
      losses.set(data.subarray(0, own.length * each), from * each);
    }
    return losses;
  }

  /** Mean loss over the targets of some examples that count. */
  async loss(rows: Uint32Array): Promise<number> {
    const losses = await this.losses(rows);
    return losses.reduce((sum, loss) => sum + loss, 0) / this.#counted(rows);
  }

  /** Logits of one context: [V] of a net, [context, V] of a language model. */
  async predict(tokens: ArrayLike<number>): Promise<Float32Array> {
    const { context } = this.#options.examples;
    if (tokens.length !== context) {
      throw new RangeError(`Cannot predict after ${tokens.length} tokens: wanted ${context}`);
    }
    this.#session.write({ [trainerLabels.tokens]: flat(Uint32Array.from(tokens)) });
    await this.#session.run(["predict"]);
    const { data } = (await this.#session.read([trainerLabels.logits]))[trainerLabels.logits];
    return Float32Array.from(data);
  }

  /**
   * Values and gradients within a step on some examples, which changes nothing. Throws RangeError unless there is one
   * batch of examples, or where the trainer was opened without `look`.
   */
  async inspect(rows: Uint32Array): Promise<StepInspection> {
    const { batch, inspection: look = false, model } = this.#options;
    if (!look) throw new RangeError("Cannot inspect a step: open the trainer with inspection: true");
    this.#checkRows(rows);
    if (rows.length !== batch) {
      throw new RangeError(`Cannot look at ${rows.length} examples: wanted ${batch}`);
    }
    const session = this.#session, parameters = parametersOf(model);
    const buffers = this.#known.names.filter((name) => !parameters.has(name));
    const kept = await session.read(buffers); // a batch in training moves running statistics
    this.#begin({ rows, rates: Float32Array.of(0) });
    await session.run(["look"]);
    session.write(kept);
    const read = await session.read(this.#known.looks), pairs = Object.entries(read);
    return {
      loss: read.loss.data[0],
      values: Object.fromEntries(pairs.filter(([label]) => label !== "loss" && !label.endsWith("/look"))),
      gradients: Object.fromEntries(
        pairs.filter(([label]) => label.endsWith("/look")).map((
          [label, t],
        ) => [label.slice(0, -"/look".length), t]),
      ),
    };
  }

  /** Parameters and buffers by name. */
  weights(): Promise<TensorMap> {
    return this.#session.read(this.#known.names);
  }

  /** Sets some of them. Throws RangeError for what is not the net's. */
  write(weights: TensorMap): void {
    const stray = Object.keys(weights).find((name) => !this.#known.names.includes(name));
    if (stray !== undefined) {
      throw new RangeError(`Cannot set ${stray}: the net has ${this.#known.names.join(", ")}`);
    }
    this.#session.write(weights);
  }

  /** Frees the device. */
  async [Symbol.asyncDispose](): Promise<void> {
    await this.#session[Symbol.asyncDispose]();
  }

  #checkRows(rows: Uint32Array): void {
    const n = exampleCount(this.#options.examples), stray = rows.findIndex((row) => row >= n);
    if (stray < 0 && rows.length > 0) return;
    throw new RangeError(
      rows.length === 0
        ? "Cannot use no examples: give one number at least"
        : `Cannot use example ${rows[stray]} at ${stray}: there are ${n}`,
    );
  }

  /** Targets of some examples that count. */
  #counted(rows: Uint32Array): number {
    const counts = this.#counts;
    if (counts === null) return rows.length * targetsPerExample(this.#options.examples);
    return rows.reduce((sum, row) => sum + counts[row], 0);
  }

  #begin({ rows, rates }: { readonly rows: Uint32Array; readonly rates: Float32Array }): void {
    const { batch } = this.#options, chunk = stepsPerChunk(this.#options), count = rates.length;
    const all = new Uint32Array(chunk * batch), now = () => new Float32Array(chunk);
    all.set(rows);
    const steps = now().map((_, i) => this.#steps + i + 1), lossWeights = now(), padded = now();
    padded.set(rates);
    for (let i = 0; i < count; i++) {
      lossWeights[i] = 1 / this.#counted(rows.subarray(i * batch, (i + 1) * batch));
    }
    const values = {
      [trainerLabels.rows]: flat(all),
      [trainerLabels.rates]: flat(padded),
      [trainerLabels.lossWeights]: flat(lossWeights),
      [trainerLabels.steps]: flat(steps),
      [trainerLabels.slot]: flat(Uint32Array.of(0)),
      ...(this.#known.draws && drawAt(this.#steps)),
    };
    const { labels } = this.#known;
    this.#session.write(Object.fromEntries(Object.entries(values).filter(([label]) => labels.has(label))));
  }

  async #run(program: string, count: number): Promise<void> {
    const runs: Promise<void>[] = [];
    for (let left = count; left > 0; left -= AT_ONCE) {
      runs.push(this.#session.run(Array<string>(Math.min(left, AT_ONCE)).fill(program)));
    }
    await Promise.all(runs);
  }
}

function flat(data: Uint32Array | Float32Array): TensorMap[string] {
  return { shape: [data.length], data };
}

function countsOf(examples: Examples): Uint32Array | null {
  if ("text" in examples || !examples.targets.includes(ignoredTarget)) return null;
  const each = targetsPerExample(examples), counts = new Uint32Array(exampleCount(examples));
  examples.targets.forEach((target, i) => {
    if (target !== ignoredTarget) counts[Math.floor(i / each)]++;
  });
  return counts;
}
