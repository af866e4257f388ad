/**
 * Trains a small net on a data set that is kept on the device. The host writes the examples and learning
 * rates of a thousand steps, submits them a hundred at a time and reads all their losses at once.
 *
 * This is for nets so small that a step takes less time than a round trip between host and device. Unlike a
 * `ModelSession`, a trainer takes no batches from a flow and does not clip gradients.
 *
 * @module
 */
import type { TensorMap } from "../../../kernels/core/tensor.ts";
import type { Engine, Session } from "../../../kernels/engine/engine.ts";
import { initialWeights, parametersOf } from "../../../kernels/models/model.ts";
import { drawAt, randomKeys } from "../../model/randomness.ts";
import { floats, integers } from "../../model/tensor_data.ts";
import { evalBatches, trainerLabels } from "./device_graphs.ts";
import { type DevicePlanOptions, stepsPerChunk } from "./device_options.ts";
import { devicePrograms } from "./device_plan.ts";
import { checkRows, targetCounter, targetsPerExample } from "./examples.ts";
import { flat, stepInputs, type StepSchedule } from "./step_inputs.ts";
import { inspectionOf, type StepInspection } from "./step_inspection.ts";

export type { StepSchedule } from "./step_inputs.ts";
export type { StepInspection } from "./step_inspection.ts";

/** Options of `openDeviceTrainer`. */
export interface DeviceTrainerOptions extends DevicePlanOptions {
  /** Parameters and buffers, keyed by name; missing ones are initialized from the seed. */
  readonly weights?: TensorMap;
  /** Seed of initial weights and of dropout; default 1. */
  readonly seed?: number;
}

/** Number of steps in one submit; a GPU's watchdog may abort a longer submit. */
const STEPS_PER_SUBMIT = 100;

/**
 * Uploads a net and its examples to a device. Throws RangeError for sizes that do not fit and for weights
 * that do not belong to the net.
 *
 * @example
 * ```ts
 * import { openCpu } from "../../../kernels/engine/cpu/cpu_engine.ts";
 * import { bigramNet } from "../../../kernels/models/course/name_nets.ts";
 * import { sgd } from "../../../kernels/optim/sgd.ts";
 * import { openDeviceTrainer } from "./device_trainer.ts";
 * import { threadsFor } from "./device_plan.ts";
 * const inputs = Uint32Array.of(0, 5, 13, 13, 1), targets = Uint32Array.of(5, 13, 13, 1, 0);
 * const examples = { context: 1, inputs, targets };
 * const options = { model: bigramNet(), examples, batch: 5, optimizer: sgd({ momentum: 0 }) };
 * await using trainer = await openDeviceTrainer(await openCpu(threadsFor(options)), options);
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
  const initial = initialWeights(model, seed);
  for (const [name, { data }] of Object.entries(weights)) {
    if (initial[name]?.data.length === data.length) continue;
    throw new RangeError(
      initial[name] === undefined
        ? `Cannot load ${name}: ${model.name} has ${Object.keys(initial).join(", ")}`
        : `Cannot load ${name}: got ${data.length} values, wanted [${initial[name].shape}]`,
    );
  }
  const session = await engine.open(programs, { ...initial, ...weights });
  const keys = randomKeys(programs, seed);
  session.write({
    [trainerLabels.inputs]: flat("text" in examples ? examples.text : examples.inputs),
    ...("text" in examples ? {} : { [trainerLabels.targets]: flat(examples.targets) }),
    ...keys,
  });
  return new DeviceTrainer(options, session, {
    weightNames: Object.keys(initial),
    inspectLabels: [...programs.find(({ name }) => name === "inspect")?.outputs.keys() ?? []],
    draws: Object.keys(keys).length > 0,
    labels: new Set(programs.flatMap(({ slots }) => slots).map(({ label }) => label)),
  });
}

/** Facts about a trainer's programs. */
interface ProgramFacts {
  /** Names of parameters and buffers. */
  readonly weightNames: readonly string[];
  /** Outputs of the program `inspect`. */
  readonly inspectLabels: readonly string[];
  /** Whether training uses random numbers. */
  readonly draws: boolean;
  /**
   * Labels of all tensors. An input that no program reads, such as the step number with SGD, is not included.
   */
  readonly labels: ReadonlySet<string>;
}

/** A net on a device; made by `openDeviceTrainer`. */
export class DeviceTrainer implements AsyncDisposable {
  readonly #options: DeviceTrainerOptions;
  readonly #session: Session;
  readonly #facts: ProgramFacts;
  readonly #countTargets: (rows: Uint32Array) => number;
  #steps = 0;

  /** Use `openDeviceTrainer`. */
  constructor(options: DeviceTrainerOptions, session: Session, facts: ProgramFacts) {
    this.#options = options;
    this.#session = session;
    this.#facts = facts;
    this.#countTargets = targetCounter(options.examples);
  }

  /** Number of steps so far. */
  get steps(): number {
    return this.#steps;
  }

  /**
   * Trains for some steps. Returns the loss of each step before its update, including the penalty. Throws
   * RangeError if the rows are not whole batches of existing examples, or if the number of learning rates is
   * not the number of steps.
   */
  async train({ rows, rates }: StepSchedule): Promise<Float32Array> {
    const { batch } = this.#options, chunk = stepsPerChunk(this.#options);
    checkRows(this.#options.examples, rows);
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
      this.#writeSteps({
        rows: rows.subarray(from * batch, (from + count) * batch),
        rates: typeof rates === "number"
          ? new Float32Array(count).fill(rates)
          : rates.subarray(from, from + count),
      });
      await this.#run("step", count);
      this.#steps += count;
      losses.set((await this.#read(trainerLabels.losses)).subarray(0, count), from);
    }
    return losses;
  }

  /**
   * Returns the losses [rows, targets per example] of some examples with the current weights; the loss of an
   * ignored target is 0.
   */
  async losses(rows: Uint32Array): Promise<Float32Array> {
    const { examples, evalBatch = 512 } = this.#options, each = targetsPerExample(examples);
    checkRows(this.#options.examples, rows);
    const losses = new Float32Array(rows.length * each), most = evalBatches * evalBatch;
    for (let from = 0; from < rows.length; from += most) {
      const part = rows.subarray(from, from + most);
      const padded = new Uint32Array(most).fill(part[0]);
      padded.set(part);
      this.#session.write({
        [trainerLabels.evalRows]: flat(padded),
        [trainerLabels.slot]: integers([1], [0]),
      });
      await this.#run("eval", Math.ceil(part.length / evalBatch));
      const found = await this.#read(trainerLabels.evalLosses);
      losses.set(found.subarray(0, part.length * each), from * each);
    }
    return losses;
  }

  /** Returns the mean loss of some examples over their targets that are not ignored. */
  async loss(rows: Uint32Array): Promise<number> {
    const losses = await this.losses(rows);
    return losses.reduce((sum, loss) => sum + loss, 0) / this.#countTargets(rows);
  }

  /** Returns the logits of one context: [V] for a net, [context, V] for a language model. */
  async predict(tokens: ArrayLike<number>): Promise<Float32Array> {
    const { context } = this.#options.examples;
    if (tokens.length !== context) {
      throw new RangeError(`Cannot predict from ${tokens.length} tokens: wanted ${context}`);
    }
    this.#session.write({ [trainerLabels.tokens]: integers([tokens.length], tokens) });
    await this.#session.run(["predict"]);
    return await this.#read(trainerLabels.logits);
  }

  /**
   * Returns values and gradients inside a step on one batch of examples; the net stays unchanged. Throws
   * RangeError if the number of examples is not the batch size, or if the trainer was opened without
   * `inspection`.
   */
  async inspect(rows: Uint32Array): Promise<StepInspection> {
    const { batch, inspection = false, model } = this.#options;
    if (!inspection) throw new RangeError("Cannot inspect a step: open the trainer with inspection: true");
    checkRows(this.#options.examples, rows);
    if (rows.length !== batch) {
      throw new RangeError(`Cannot inspect a step on ${rows.length} examples: wanted ${batch}`);
    }
    const session = this.#session, parameters = parametersOf(model);
    const buffers = this.#facts.weightNames.filter((name) => !parameters.has(name));
    const before = await session.read(buffers); // the step changes running statistics
    this.#writeSteps({ rows, rates: Float32Array.of(0) });
    await session.run(["inspect"]);
    session.write(before);
    return inspectionOf(await session.read(this.#facts.inspectLabels));
  }

  /** Reads all parameters and buffers, keyed by name. */
  weights(): Promise<TensorMap> {
    return this.#session.read(this.#facts.weightNames);
  }

  /** Sets some parameters and buffers. Throws RangeError for a name that the net does not have. */
  write(weights: TensorMap): void {
    const { weightNames } = this.#facts;
    const unknown = Object.keys(weights).find((name) => !weightNames.includes(name));
    if (unknown !== undefined) {
      throw new RangeError(`Cannot set ${unknown}: the net has ${weightNames.join(", ")}`);
    }
    this.#session.write(weights);
  }

  /** Frees the memory on the device. */
  async [Symbol.asyncDispose](): Promise<void> {
    await this.#session[Symbol.asyncDispose]();
  }

  #writeSteps(schedule: StepSchedule & { readonly rates: Float32Array }): void {
    const { draws, labels } = this.#facts;
    const inputs = stepInputs(this.#options, {
      ...schedule,
      before: this.#steps,
      countTargets: this.#countTargets,
    });
    const values = { ...inputs, ...(draws && drawAt(this.#steps)) };
    this.#session.write(Object.fromEntries(Object.entries(values).filter(([label]) => labels.has(label))));
  }

  async #run(program: string, count: number): Promise<void> {
    const runs: Promise<void>[] = [];
    for (let left = count; left > 0; left -= STEPS_PER_SUBMIT) {
      runs.push(this.#session.run(Array<string>(Math.min(left, STEPS_PER_SUBMIT)).fill(program)));
    }
    await Promise.all(runs);
  }

  async #read(label: string): Promise<Float32Array> {
    return floats((await this.#session.read([label]))[label].data);
  }
}
