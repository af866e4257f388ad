/**
 * Stages and sources. The entire state of each is one plain object, which the runner saves.
 *
 * @module
 */
import type { SavedState } from "./checkpoint/types.ts";
import type { RunEvent } from "./events.ts";

/** Zero or more items: a generator, an array, or their async forms. */
export type Many<T> = Iterable<T> | AsyncIterable<T>;

/**
 * Value that a stage with `takesCheckpoints` yields to take a checkpoint after the item that it yielded last.
 *
 * @example
 * ```ts
 * import { from, MemoryCheckpoints, type Stage, takeCheckpoint } from "@stagewise/gpt";
 *
 * const marks: Stage<number, number> = {
 *   name: "marks",
 *   takesCheckpoints: true,
 *   open: () => null,
 *   *push(item) {
 *     yield item;
 *     if (item % 10 === 0) yield takeCheckpoint;
 *   },
 * };
 * const checkpoints = new MemoryCheckpoints();
 * await from([1, 10, 11, 20, 21]).pipe(marks).run({ checkpoints });
 * console.log(checkpoints.all.length); // 2
 * ```
 */
export const takeCheckpoint: unique symbol = Symbol("takeCheckpoint");

/**
 * Value that a stage with `takesCheckpoints` yields last where the run is stopping and the item has changed
 * nothing: the final checkpoint is that from before the item, and a resumed run gets the item again.
 *
 * @example
 * ```ts
 * import { from, giveBackItem, MemoryCheckpoints, type Stage } from "@stagewise/gpt";
 *
 * const stop = new AbortController();
 * const patient: Stage<number, number> = {
 *   name: "patient",
 *   takesCheckpoints: true,
 *   open: () => null,
 *   *push(item): Generator<number | typeof giveBackItem> {
 *     if (item === 3) stop.abort(); // as Ctrl-C does, while the stage waits
 *     yield stop.signal.aborted ? giveBackItem : item;
 *   },
 * };
 * const flow = from([1, 2, 3, 4]).pipe(patient), checkpoints = new MemoryCheckpoints();
 * const seen = await Array.fromAsync(flow.stream({ checkpoints, stop: stop.signal }));
 * console.log(seen); // [ 1, 2 ]
 * ```
 */
export const giveBackItem: unique symbol = Symbol("giveBackItem");

/** Counter-based random numbers of one stage; saved and restored with its state. */
export interface Rng {
  /** Returns a uniform random number in [0, 1), with 32 random bits. */
  next(): number;
  /** Returns a uniform random integer in [0, below). */
  integer(below: number): number;
}

/** What the runner passes to every stage and source. */
export interface Context {
  /** Signal that is aborted when the run must end at once; long work should check it. */
  readonly signal: AbortSignal;
  /**
   * Whether the run was asked to stop. A long push may then end early if it can resume from that point. The
   * runner then takes a final checkpoint, unless the stage has just yielded `takeCheckpoint`.
   */
  readonly stopping: boolean;
  /** Random numbers keyed by the run's seed and the stage's name; the runner saves their position. */
  readonly rng: Rng;
  /** The run's seed, for random numbers that are keyed by something other than the stage's name. */
  readonly seed: number;
  /** Adds an event to the run's stream of events. */
  emit(event: RunEvent): void;
  /**
   * Drops an item. It is counted under `reason`, and passed to the sink for dropped items if there is one.
   */
  drop(item: unknown, reason: string): void;
}

/**
 * A typed transform of a stream. It must keep its data in `state` and not in a closure, because only `state`
 * is saved.
 */
export interface Stage<In, Out, State = any> {
  /** Name, unique in the flow; the state is saved under it. */
  readonly name: string;
  /**
   * Whether the stage yields `takeCheckpoint` or `giveBackItem`. Barriers then end at its input, and
   * checkpoints start at its output.
   */
  readonly takesCheckpoints?: true;
  /** Number of worker threads that the stage uses, for the graph of the flow. Default: none. */
  readonly workers?: number;
  /** Returns the initial state, or the state to resume with. */
  open(ctx: Context, saved?: State): State | Promise<State>;
  /** Processes an item and yields the output. */
  push(item: In, state: State, ctx: Context): Many<Out | typeof takeCheckpoint | typeof giveBackItem>;
  /** Called when the input has ended; yields the remaining output. */
  flush?(state: State, ctx: Context): Many<Out | typeof takeCheckpoint>;
  /**
   * Whether `flush` moves its cursor in `state` before each yield. Barriers may then pass during the flush,
   * and a resumed run continues it.
   */
  readonly resumesFlush?: true;
  /**
   * Called before the state is saved: yields output that is still in flight, so that it need not be saved.
   */
  settle?(state: State, ctx: Context): Many<Out>;
  /**
   * Whether the stage wants no more items. If so, its upstream is stopped, the stage is flushed, and the flow
   * ends.
   */
  done?(state: State): boolean;
  /** Returns the number of items that the stage has taken and not yet processed, for stage events. */
  inFlight?(state: State): number;
  /** Returns the state to save. Default: `structuredClone(state)`. */
  save?(state: State): SavedState | Promise<SavedState>;
  /** Called once at the end of the run, even after an error. */
  close?(state: State): void | Promise<void>;
}

/** The beginning of a flow. */
export interface Source<Out, State = any> {
  /** Name, unique in the flow; the state is saved under it. */
  readonly name: string;
  /** Returns the initial state, or the state to resume with. */
  open(ctx: Context, saved?: State): State | Promise<State>;
  /** Yields the items. At each yield `state` must already point at the next item. */
  read(state: State, ctx: Context): Many<Out>;
  /** Returns the state to save. Default: `structuredClone(state)`. */
  save?(state: State): SavedState | Promise<SavedState>;
  /** Called once at the end of the run, even after an error. */
  close?(state: State): void | Promise<void>;
}

/**
 * Declares a stage with inferred types.
 *
 * @example
 * ```ts
 * import { from, stage } from "@stagewise/gpt";
 *
 * const pairs = stage({
 *   name: "pairs",
 *   open: (_ctx, saved: { held: number[] } = { held: [] }) => saved,
 *   *push(item: number, state) {
 *     state.held.push(item);
 *     if (state.held.length === 2) yield state.held.splice(0);
 *   },
 * });
 * console.log(await Array.fromAsync(from([1, 2, 3, 4]).pipe(pairs).stream())); // [ [ 1, 2 ], [ 3, 4 ] ]
 * ```
 */
export function stage<In, Out, State>(s: Stage<In, Out, State>): Stage<In, Out, State> {
  return s;
}

/**
 * Returns a stateless stage that makes one output from each item.
 *
 * @example
 * ```ts
 * import { from, map } from "@stagewise/gpt";
 *
 * const lengths = from(["one", "three"]).pipe(map("length", (text: string) => text.length));
 * console.log(await Array.fromAsync(lengths.stream())); // [ 3, 5 ]
 * ```
 */
export function map<In, Out>(
  name: string,
  f: (item: In, ctx: Context) => Out | Promise<Out>,
): Stage<In, Out> {
  return {
    name,
    open: () => null,
    push(item, _state, ctx) {
      const out = f(item, ctx);
      return out instanceof Promise ? once(out) : [out];
    },
  };
}

/**
 * A filter. `why` returns the reason to drop an item, or null to keep it.
 *
 * @example
 * ```ts
 * import { from, rule } from "@stagewise/gpt";
 *
 * const long = rule<string>("long", (text) => text.length > 3 ? null : "short");
 * console.log(await Array.fromAsync(from(["one", "three"]).pipe(long).stream())); // [ "three" ]
 * ```
 */
export function rule<T>(name: string, why: (item: T) => string | null): Stage<T, T> {
  return {
    name,
    open: () => null,
    push(item, _state, ctx) {
      const reason = why(item);
      if (reason === null) return [item];
      ctx.drop(item, reason);
      return [];
    },
  };
}

async function* once<T>(value: Promise<T>): AsyncGenerator<T> {
  yield await value;
}
