/**
 * Checks for tests that stages and sources resume exactly: from any checkpoint, the rest of the run is the
 * same as in the uninterrupted run.
 *
 * @module
 */
import { asSource } from "./as_source.ts";
import { MemoryCheckpoints } from "./checkpoint/memory_checkpoints.ts";
import { decodeState, encodeState } from "./checkpoint/state_json.ts";
import type { StageSnapshot, TensorFile } from "./checkpoint/types.ts";
import { from } from "./flow.ts";
import type { Source, Stage } from "./stage.ts";
import { AssertionError, equal } from "./std.ts";

/** Options of the checks. */
export interface CheckResumeOptions {
  /** The seed of `ctx.rng`. Default: 0. */
  readonly seed?: number;
  /** Number of items to read from a source. Default: all. */
  readonly limit?: number;
}

type Snapshots = ReadonlyMap<string, StageSnapshot>;

/** A checkpoint, and the number of outputs before it. */
type TakenCheckpoint = Readonly<{ snapshots: Snapshots; outputs: number }>;

/** The outputs and checkpoints of a run. */
type Trace = Readonly<{ outputs: readonly unknown[]; checkpoints: readonly TakenCheckpoint[] }>;

/**
 * Runs the stage over `inputs` with a checkpoint after every input, or at every `takeCheckpoint`. Then
 * resumes from each checkpoint, once with the states as they are and once with states converted to JSON and
 * back. The outputs and the final state must equal those of the uninterrupted run. Pass a function if each
 * run needs its own stage. Throws an AssertionError that names the checkpoint.
 *
 * @example
 * ```ts
 * import { checkStage, stage } from "@stagewise/gpt";
 *
 * const sums = stage({
 *   name: "sums",
 *   open: (_ctx, saved: { sum: number } = { sum: 0 }) => saved,
 *   *push(item: number, state) {
 *     yield state.sum += item;
 *   },
 * });
 * await checkStage(sums, [1, 2, 3]); // throws if `sum` were kept outside of the state
 * ```
 */
export async function checkStage<In, Out>(
  stage: Stage<In, Out> | (() => Stage<In, Out>),
  inputs: readonly In[],
  options: CheckResumeOptions = {},
): Promise<void> {
  const make = typeof stage === "function" ? stage : () => stage;
  const { name } = make();
  await check(
    `stage ${name}`,
    (initial) => trace(asSource("check inputs", () => inputs), make(), { ...options, initial }),
  );
}

/**
 * Reads the source with a checkpoint after every item, then resumes from each checkpoint. The items must
 * equal those of the uninterrupted run. Throws an AssertionError that names the checkpoint.
 *
 * @example
 * ```ts
 * import { asSource, checkSource } from "@stagewise/gpt";
 *
 * await checkSource(() => asSource("numbers", () => [1, 2, 3]));
 * ```
 */
export async function checkSource<Out>(
  source: Source<Out> | (() => Source<Out>),
  options: CheckResumeOptions = {},
): Promise<void> {
  const make = typeof source === "function" ? source : () => source;
  const { limit = Infinity } = options;
  await check(
    `source ${make().name}`,
    (initial) => trace(make(), first(limit), { ...options, initial }),
  );
}

async function check(what: string, run: (initial: Snapshots | null) => Promise<Trace>): Promise<void> {
  const whole = await run(null);
  compare(await run(null), whole, `The ${what} gives something else when it runs again`);
  for (const [i, { snapshots, outputs }] of whole.checkpoints.entries()) {
    const rest = { outputs: whole.outputs.slice(outputs), checkpoints: whole.checkpoints.slice(i) };
    const at = `at checkpoint ${i + 1} of ${whole.checkpoints.length} (after ${outputs} outputs)`;
    compare(await run(snapshots), rest, `The ${what} does not resume ${at}`);
    compare(await run(throughJson(snapshots)), rest, `The ${what} does not resume from JSON ${at}`);
  }
}

function compare(actual: Trace, expected: Trace, what: string): void {
  const place = expected.outputs.findIndex((output, i) => !equal(actual.outputs[i], output));
  if (place >= 0) {
    throw new AssertionError(
      `${what}: output ${place + 1} is ${show(actual.outputs[place])}, expected ${
        show(expected.outputs[place])
      }`,
    );
  }
  if (actual.outputs.length > expected.outputs.length) {
    throw new AssertionError(
      `${what}: ${actual.outputs.length} outputs, expected ${expected.outputs.length}: the first one too many is ${
        show(actual.outputs[expected.outputs.length])
      }`,
    );
  }
  const last = states(actual.checkpoints.at(-1)), wanted = states(expected.checkpoints.at(-1));
  // A run that resumes from the final checkpoint does not always take another one.
  if (actual.checkpoints.length > 0 && !equal(last, wanted)) {
    throw new AssertionError(`${what}: the last state is ${show(last)}, expected ${show(wanted)}`);
  }
}

/** Returns states as JSON, in which a missing field and an undefined one are equal. */
function states(checkpoint: TakenCheckpoint | undefined): unknown {
  const snapshots = [...checkpoint?.snapshots ?? []];
  return Object.fromEntries(
    snapshots.map(([name, { state, rng }]) => [name, [encodeState(state, new Map()), rng]]),
  );
}

async function trace<In, Out>(
  source: Source<In>,
  stage: Stage<In, Out>,
  { initial, seed = 0 }: CheckResumeOptions & { initial: Snapshots | null },
): Promise<Trace> {
  const outputs: unknown[] = [];
  const taken: TakenCheckpoint[] = [];
  const checkpoints = new MemoryCheckpoints(initial);
  const flow = from(source).pipe(stage).pipe(collect<Out>(outputs));
  await flow.run({
    seed,
    barrierEvery: 1,
    flushBarrierEvery: 1,
    checkpoints: {
      latest: () => checkpoints.latest(),
      async commit(barrier) {
        await checkpoints.commit(barrier);
        taken.push({ snapshots: checkpoints.all.at(-1)!, outputs: outputs.length });
      },
    },
  });
  return { outputs, checkpoints: taken };
}

function collect<T>(outputs: unknown[]): Stage<T, never> {
  return {
    name: "check outputs",
    open: () => null,
    push(item) {
      outputs.push(structuredClone(item)); // detects a stage that later changes an item that it has yielded
      return [];
    },
  };
}

function first<T>(limit: number): Stage<T, T, { seen: number }> {
  return {
    name: "check limit",
    open: (_ctx, saved = { seen: 0 }) => saved,
    push(item, state) {
      state.seen++;
      return [item];
    },
    done: (state) => state.seen >= limit,
  };
}

function throughJson(snapshots: Snapshots): Snapshots {
  const convert = ([name, snapshot]: [string, StageSnapshot]): [string, StageSnapshot] => {
    const files = new Map<string, TensorFile>();
    const json = JSON.stringify(encodeState(snapshot.state, files));
    return [name, { ...snapshot, state: decodeState(JSON.parse(json), files) as null }];
  };
  return new Map([...snapshots].map(convert));
}

function show(value: unknown): string {
  return Deno.inspect(value, { depth: 4, strAbbreviateSize: 80, breakLength: Infinity, compact: true });
}
