/**
 * A group of stages on several workers, with results in order.
 *
 * Items are sent in frames, so that running the whole group on several items costs one message to a worker
 * and one back. If a worker is idle, the available items are sent at once; otherwise a frame is filled first.
 * A barrier waits for the results of all frames in flight, so a checkpoint contains only the group's counts.
 *
 * @module
 */
import { markPlaced } from "../run/failure.ts";
import type { GroupContext } from "../run/stage_place.ts";
import type { Context, Many, Stage } from "../stage.ts";
import { Group, type GroupModule, type GroupResult, type Outcome } from "./group.ts";
import type { WorkerResponse } from "./worker.ts";
import { type ItemLimit, type PendingReply, revivedError, WorkerPool } from "./worker_pool.ts";

export type { GroupModule } from "./group.ts";
export type { ItemLimit } from "./worker_pool.ts";

const FRAME = 8; // items: a message takes tens of microseconds, and frames in flight delay a barrier
const IN_FLIGHT = 2; // frames per worker: one being processed, and one waiting

/** How a group is distributed. */
export interface ParallelOptions {
  /** Number of workers. With 0 or 1, and no `limit`, the group runs in this thread. */
  readonly workers: number;
  /**
   * Name of this stage in error messages. Default: the group's name. Events and checkpoints use the names of
   * the stages inside.
   */
  readonly name?: string;
  /**
   * Time limit for one item. A worker that exceeds it is terminated, and the item is counted as dropped by
   * the stage that it has reached. Which items are too slow depends on the machine. Needs at least one
   * worker.
   */
  readonly limit?: ItemLimit;
}

/** A running group: the state of the stage that `parallel` returns. */
interface GroupRunner {
  /** Number of items that have been taken and not yet processed. */
  readonly inFlight: number;
  push(item: unknown): Many<unknown>;
  settle(): Many<unknown>;
  close(): Promise<void>;
}

/**
 * Returns a stage that runs a whole group of stages in each of `workers` workers. Outputs, their order,
 * dropped items, counts, events and checkpoints do not depend on the number of workers. They are the same as
 * if each stage were a separate step of the flow under its own name. The option `rejects` of `pipe` can be
 * one sink, or a record with a sink for each stage inside the group, keyed by the stage's name. At most 16
 * items per worker are in flight. Errors name the item and the stage inside the group. A worker has the
 * permissions of this process.
 *
 * Throws RangeError for an invalid number of workers. A run throws TypeError for stateful stages (with flush,
 * settle, done or `takesCheckpoints`) and for stages that use `ctx.rng`.
 *
 * @example
 * ```ts
 * import { type Document, from, parallel } from "@stagewise/gpt";
 *
 * const filters = parallel<Document, Document>({
 *   module: import.meta.resolve("@stagewise/gpt/filters"), // or a module of your own
 *   group: "finewebStages", // a function that it exports, which returns stages
 *   options: { stages: ["gopher-quality", "c4"] },
 * }, { workers: 2 });
 * const kept = from([{ id: "1", text: "Lorem ipsum dolor sit amet." }]).pipe(filters);
 * console.log(await Array.fromAsync(kept.stream())); // []
 * ```
 */
export function parallel<In, Out>(group: GroupModule, options: ParallelOptions): Stage<In, Out> {
  const { workers, name = group.group, limit } = options;
  if (!Number.isInteger(workers) || workers < 0) {
    throw new RangeError(`Cannot run ${name} on ${workers} workers: expected a whole number of at least 0`);
  }
  const threads = limit !== undefined ? Math.max(1, workers) : workers === 1 ? 0 : workers;
  return {
    name,
    ...(threads > 0 && { workers: threads, inFlight: (runner: GroupRunner) => runner.inFlight }),
    open: (context) => open(group, { threads, limit, context }),
    push: (item, runner: GroupRunner) => runner.push(item) as Many<Out>,
    settle: (runner: GroupRunner) => runner.settle() as Many<Out>,
    flush: (runner: GroupRunner) => runner.settle() as Many<Out>,
    save: () => null,
    close: (runner: GroupRunner) => runner.close(),
  };
}

async function open(
  module: GroupModule,
  { threads, limit, context }: {
    readonly threads: number;
    readonly limit: ItemLimit | undefined;
    readonly context: Context;
  },
): Promise<GroupRunner> {
  if (!isGroupContext(context)) throw new TypeError("A parallel group runs only in a flow");
  const { seed, signal, keepsRejects, measures } = context;
  const options = { seed, keepsRejects, measures };
  if (threads === 0) {
    const group = await Group.open(module, { ...options, signal });
    addTallies(group.take(), context);
    return inThisThread(group, context);
  }
  const pool = new WorkerPool(threads, limit === undefined ? { signal } : { signal, limit });
  try {
    for (const { result, error } of await pool.open({ group: module, options })) {
      if (error !== null) throw revivedError(error);
      addTallies(result, context);
    }
  } catch (error) {
    pool.terminate();
    throw error;
  }
  return new PooledGroup(pool, context);
}

function inThisThread(group: Group, context: GroupContext): GroupRunner {
  const outputs = (): unknown[] => {
    const result = group.take();
    addTallies(result, context);
    return [...outputsOf(result.outcomes, context)];
  };
  async function* outputsAfter(wait: Promise<void>): AsyncGenerator<unknown> {
    await wait;
    yield* outputs();
  }
  return {
    inFlight: 0,
    push(item) {
      const wait = group.push(item);
      return wait === undefined ? outputs() : outputsAfter(wait);
    },
    settle: () => [],
    close: () => group.close(),
  };
}

/** Sends frames to a pool of workers, and yields the results in the order in which the frames were sent. */
class PooledGroup implements GroupRunner {
  readonly #pool: WorkerPool;
  readonly #context: GroupContext;
  /** Replies to the frames in flight, the oldest first. */
  readonly #inFlight: { readonly reply: PendingReply; readonly items: number }[] = [];
  #frame: unknown[] = [];

  constructor(pool: WorkerPool, context: GroupContext) {
    this.#pool = pool;
    this.#context = context;
  }

  get inFlight(): number {
    return this.#inFlight.reduce((sum, { items }) => sum + items, this.#frame.length);
  }

  push(item: unknown): Many<unknown> {
    this.#frame.push(item);
    const { fewestInFlight } = this.#pool;
    if (fewestInFlight === 0 || (this.#frame.length >= FRAME && fewestInFlight < IN_FLIGHT)) this.#send();
    if (this.#frame.length >= FRAME) return this.#sendWhenFree();
    return this.#inFlight[0]?.reply.response ? this.#finished() : [];
  }

  async *settle(): AsyncGenerator<unknown> {
    if (this.#frame.length > 0) this.#send();
    while (this.#inFlight.length > 0) yield* await this.#oldest();
  }

  close(): Promise<void> {
    return this.#pool.close();
  }

  /** Yields the results of the oldest frames until a worker is free, then sends it the frame just filled. */
  async *#sendWhenFree(): AsyncGenerator<unknown> {
    while (this.#pool.fewestInFlight >= IN_FLIGHT) yield* await this.#oldest();
    this.#send();
    yield* this.#finished();
  }

  /** Yields the results of the oldest frames, up to the first frame that is still in flight. */
  *#finished(): Generator<unknown> {
    for (;;) {
      const response = this.#inFlight[0]?.reply.response ?? null;
      if (response === null) return;
      this.#inFlight.shift();
      yield* this.#outputsOf(response);
    }
  }

  async #oldest(): Promise<Iterable<unknown>> {
    const response = await this.#pool.wait(this.#inFlight[0].reply);
    this.#inFlight.shift();
    return this.#outputsOf(response);
  }

  *#outputsOf({ result, error }: WorkerResponse): Generator<unknown> {
    addTallies(result, this.#context);
    yield* outputsOf(result.outcomes, this.#context);
    if (error !== null) throw markPlaced(revivedError(error));
  }

  #send(): void {
    const items = this.#frame;
    this.#frame = [];
    this.#inFlight.push({ reply: this.#pool.send({ kind: "frame", items }), items: items.length });
  }
}

/** Yields the output items; passes dropped items and events on to the run. */
function* outputsOf(outcomes: readonly Outcome[], context: GroupContext): Generator<unknown> {
  for (const outcome of outcomes) {
    switch (outcome.kind) {
      case "out":
        yield outcome.item;
        break;
      case "reject":
        context.reject(outcome.reject);
        break;
      case "event":
        context.emit(outcome.event);
    }
  }
}

function addTallies({ tallies }: GroupResult, context: GroupContext): void {
  for (const { name, busy, ...counts } of tallies) {
    const meter = context.inside(name);
    meter.add(counts);
    meter.busy += busy;
  }
}

function isGroupContext(context: Context): context is GroupContext {
  return "inside" in context && "reject" in context;
}
