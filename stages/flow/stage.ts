/**
 * Stages and sources. Their whole memory is one plain object, which the runner saves.
 *
 * @module
 */
import type { SavedState } from "./checkpoint/types.ts";
import type { RunEvent } from "./events.ts";

/** Zero or more items: a generator, an array, or their async forms. */
export type Many<T> = Iterable<T> | AsyncIterable<T>;

/** Yielded by a stage with `takesCheckpoints` to take a checkpoint here, after the item yielded last. */
export const takeCheckpoint: unique symbol = Symbol("takeCheckpoint");

/** Counter-based random numbers of one stage; saved and restored with its state. */
export interface Rng {
  /** Uniform in [0, 1), with 32 random bits. */
  next(): number;
  /** An integer in [0, below). */
  integer(below: number): number;
}

/** What the runner gives to every stage and source. */
export interface Context {
  /** Aborted when the run must end at once: long work checks it. */
  readonly signal: AbortSignal;
  /**
   * Whether the run was asked to stop. A long push may then end early, at a point from which it can resume.
   * The runner takes the last checkpoint, unless the stage has just yielded `takeCheckpoint`.
   */
  readonly stopping: boolean;
  /** Random numbers keyed by the run's seed and the stage's name; the runner saves their position. */
  readonly rng: Rng;
  /** The run's seed, for random numbers with other keys. */
  readonly seed: number;
  /** Adds an event to the run's stream of events. */
  emit(event: RunEvent): void;
  /** Drops an item: it is counted by reason, and passed to the sink for rejects where the flow has one. */
  drop(item: unknown, reason: string): void;
}

/** A typed transform of a stream. Its memory is in `state`, not in a closure: only `state` is saved. */
export interface Stage<In, Out, State = any> {
  /** Unique in the flow; the state is saved under this name. */
  readonly name: string;
  /** The stage yields `takeCheckpoint`: barriers end at its input, and checkpoints start at its output. */
  readonly takesCheckpoints?: true;
  /** Returns the first state, or the state to resume with. */
  open(ctx: Context, saved?: State): State | Promise<State>;
  /** Takes an item and yields its output. */
  push(item: In, state: State, ctx: Context): Many<Out | typeof takeCheckpoint>;
  /** The input has ended: yields what is left. */
  flush?(state: State, ctx: Context): Many<Out | typeof takeCheckpoint>;
  /** `flush` moves its cursor in `state` before each yield: barriers may pass, and a resume continues it. */
  readonly resumesFlush?: true;
  /**
   * Called before the state is saved: yields output that is still in flight, so that it need not be saved.
   */
  settle?(state: State, ctx: Context): Many<Out>;
  /**
   * Whether it wants no more items: its upstream is then stopped, it is flushed, and the flow ends after it.
   */
  done?(state: State): boolean;
  /** Returns the state to save. Default: structuredClone(state). */
  save?(state: State): SavedState | Promise<SavedState>;
  /** Called once at the end of the run, after an error too. */
  close?(state: State): void | Promise<void>;
}

/** The beginning of a flow. */
export interface Source<Out, State = any> {
  /** Unique in the flow; the state is saved under this name. */
  readonly name: string;
  /** Returns the first state, or the state to resume with. */
  open(ctx: Context, saved?: State): State | Promise<State>;
  /** Yields the items. At each yield `state` must already point at the next item. */
  read(state: State, ctx: Context): Many<Out>;
  /** Returns the state to save. Default: structuredClone(state). */
  save?(state: State): SavedState | Promise<SavedState>;
  /** Called once at the end of the run, after an error too. */
  close?(state: State): void | Promise<void>;
}

/** Declares a stage with inferred types. */
export function stage<In, Out, State>(s: Stage<In, Out, State>): Stage<In, Out, State> {
  return s;
}

/** A stage without memory that makes one output of each item. */
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

/** A filter. `why` returns the reason to drop an item, or null to keep it. */
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
