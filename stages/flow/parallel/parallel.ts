/**
 * A group of stages on several Workers, its results in order.
 *
 * Items travel in frames, one hop there and one back for the whole group. A worker with nothing to do gets what is
 * there at once; else a frame fills up. Before a barrier passes, everything under way comes home, so there is nothing
 * to save but counts.
 *
 * @module
 */
import { markPlaced } from "../run/failure.ts";
import { Group, type GroupModule, type GroupResult, type Outcome } from "./group.ts";
import type { Context, Many, Stage } from "../stage.ts";
import type { GroupContext } from "../run/stage_node.ts";
import { type ItemLimit, type PendingReply, revivedError, WorkerPool } from "./worker_pool.ts";

export type { GroupModule } from "./group.ts";
export type { ItemLimit } from "./worker_pool.ts";

const FRAME = 8; // items: a hop costs tens of microseconds, and what is under way must come home before a barrier
const UNDER_WAY = 2; // frames a worker: one at work, one waiting for it

/** How a group is spread. */
export interface ParallelOptions {
  /** With 0 or 1, and no limit, the group runs in this thread. */
  readonly workers: number;
  /** The stage's name in errors of its own; default the group's. Events and checkpoints name the stages inside. */
  readonly name?: string;
  /**
   * How long one item may take: its worker is ended then, and the item dropped for this reason by the stage that it was
   * in. Needs at least one worker. Which items are that slow depends on the machine.
   */
  readonly limit?: ItemLimit;
}

/** A group at work. */
interface Crew {
  push(item: unknown): Many<unknown>;
  settle(): Many<unknown>;
  close(): Promise<void>;
}

/**
 * A stage that runs a whole group of stages in each of `workers` Workers. What comes out, in which order, what is
 * dropped and what is counted are the same for any number of workers, and the same as if the stages stood in the flow
 * one by one; so are events and checkpoints, under the names of the stages inside. For the `rejects` of `pipe` give
 * one sink, or one for each stage inside by its name. At most 16 items a worker are under way. Errors name the stage
 * inside and the item. A worker needs permission to read the module and what the stages need.
 *
 * Throws RangeError for a number of workers that is none; when run, TypeError for stages that remember (with flush,
 * settle, done or cuts) or draw from `ctx.rng`.
 *
 * @example
 * ```ts
 * import { from } from "../flow.ts";
 * import { parallel } from "./parallel.ts";
 * import type { Document } from "../../items.ts";
 *
 * const filters = parallel<Document, Document>({
 *   module: import.meta.resolve("../../filter/fineweb_group.ts"),
 *   group: "finewebStages",
 *   options: { stages: ["gopher-quality", "c4"] },
 * }, { workers: 4 });
 * ```
 */
export function parallel<In, Out>(work: GroupModule, options: ParallelOptions): Stage<In, Out> {
  const { workers, name = work.group, limit } = options;
  if (!Number.isInteger(workers) || workers < 0) {
    throw new RangeError(`Cannot run ${name} on ${workers} workers: give a whole number from 0`);
  }
  return {
    name,
    open: (context) =>
      open(work, { workers: limit === undefined ? workers : Math.max(1, workers), limit, context }),
    push: (item, crew: Crew) => crew.push(item) as Many<Out>,
    settle: (crew: Crew) => crew.settle() as Many<Out>,
    flush: (crew: Crew) => crew.settle() as Many<Out>,
    save: () => null,
    close: (crew: Crew) => crew.close(),
  };
}

async function open(
  work: GroupModule,
  { workers, limit, context }: {
    readonly workers: number;
    readonly limit: ItemLimit | undefined;
    readonly context: Context;
  },
): Promise<Crew> {
  if (!isGroupContext(context)) throw new TypeError("A parallel group runs only in a flow");
  const { seed, signal, keeps, measures } = context;
  const options = { seed, keeps, measures };
  if (workers === 0 || workers === 1 && limit === undefined) {
    const group = await Group.open(work, { ...options, signal });
    tally(group.take(), context);
    return inline(group, context);
  }
  const pool = new WorkerPool(workers, limit === undefined ? { signal } : { signal, limit });
  try {
    for (const { result, error } of await pool.open({ work, options })) {
      if (error !== null) throw revivedError(error);
      tally(result, context);
    }
  } catch (error) {
    pool.terminate();
    throw error;
  }
  return new Spread(pool, context);
}

/** The same in this thread. */
function inline(group: Group, context: GroupContext): Crew {
  const home = (): unknown[] => {
    const result = group.take();
    tally(result, context);
    return [...given(result.outcomes, context)];
  };
  async function* later(wait: Promise<void>): AsyncGenerator<unknown> {
    await wait;
    yield* home();
  }
  return {
    push(item) {
      const wait = group.push(item);
      return wait === undefined ? home() : later(wait);
    },
    settle: () => [],
    close: () => group.close(),
  };
}

/** Frames under way, the oldest first; their results are given in that order. */
class Spread implements Crew {
  readonly #pool: WorkerPool;
  readonly #context: GroupContext;
  readonly #under: PendingReply[] = [];
  #frame: unknown[] = [];

  constructor(pool: WorkerPool, context: GroupContext) {
    this.#pool = pool;
    this.#context = context;
  }

  push(item: unknown): Many<unknown> {
    this.#frame.push(item);
    const { least } = this.#pool;
    if (least === 0 || (this.#frame.length >= FRAME && least < UNDER_WAY)) this.#send();
    if (this.#frame.length >= FRAME) return this.#makeRoom();
    return this.#under[0]?.answer ? this.#ready() : [];
  }

  async *settle(): AsyncGenerator<unknown> {
    if (this.#frame.length > 0) this.#send();
    while (this.#under.length > 0) yield* await this.#oldest();
  }

  close(): Promise<void> {
    return this.#pool.close();
  }

  /** All have enough to do: waits for the oldest frame. */
  async *#makeRoom(): AsyncGenerator<unknown> {
    while (this.#pool.least >= UNDER_WAY) yield* await this.#oldest();
    this.#send();
    yield* this.#ready();
  }

  *#ready(): Generator<unknown> {
    for (let answer = this.#under[0]?.answer; answer; answer = this.#under[0]?.answer) {
      this.#under.shift();
      yield* this.#home(answer);
    }
  }

  async #oldest(): Promise<Iterable<unknown>> {
    const answer = await this.#pool.wait(this.#under[0]);
    this.#under.shift();
    return this.#home(answer);
  }

  *#home({ result, error }: { result: GroupResult; error: Parameters<typeof revivedError>[0] | null }) {
    tally(result, this.#context);
    yield* given(result.outcomes, this.#context);
    if (error !== null) throw markPlaced(revivedError(error));
  }

  #send(): void {
    const items = this.#frame;
    this.#frame = [];
    this.#under.push(this.#pool.send({ kind: "frame", items }));
  }
}

/** Passes on drops and events, gives items. */
function* given(outcomes: readonly Outcome[], context: GroupContext): Generator<unknown> {
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

function tally({ tallies }: GroupResult, context: GroupContext): void {
  for (const { name, busy, ...counts } of tallies) {
    const meter = context.inside(name);
    meter.add(counts);
    meter.busy += busy;
  }
}

function isGroupContext(context: Context): context is GroupContext {
  return "inside" in context && "reject" in context;
}
