/**
 * What a stage is: a typed async transform whose memory is one plain object that the runner saves.
 *
 * @module
 */
import type { SavedState } from "./checkpoint/types.ts";
import type { RunEvent } from "./events.ts";

/** Zero or more items: a generator, an array, or their async forms. */
export type Many<T> = Iterable<T> | AsyncIterable<T>;

/** Yielded by a stage with `cuts` to say: checkpoint exactly here, after the item yielded last. */
export const takeCheckpoint: unique symbol = Symbol("cut");

/** Counter-based random numbers of one stage; saved and restored with its state. */
export interface Rng {
  /** Uniform in [0, 1), 32 bits. */
  next(): number;
  /** An integer in [0, below). */
  integer(below: number): number;
}

/** What the runner gives every stage. */
export interface Context {
  /** Aborted when the run must stop: long work looks at it. */
  readonly signal: AbortSignal;
  /**
   * The run was asked to end softly: a long push may end early at a point from which it can go on. The runner then
   * takes the last checkpoint itself; a stage with `cuts` that yields `cut` last has taken it.
   */
  readonly stopping: boolean;
  /** Keyed by (seed, stage name); saved for you. */
  readonly rng: Rng;
  /** The run's seed, for what is keyed by more than the stage's name. */
  readonly seed: number;
  /** Into the run's one stream of events. */
  emit(event: RunEvent): void;
  /** Drops an item: counted by reason; kept if the flow says where. */
  drop(item: unknown, reason: string): void;
}

/** A typed transform of a stream. State in `state`, not in a closure: the runner saves only what it can see. */
export interface Stage<In, Out, State = any> {
  /** Unique in its flow; keys its saved state. */
  readonly name: string;
  /** It yields `cut`: barriers end here, checkpoints begin here. */
  readonly takesCheckpoints?: true;
  /** The state to begin with, or to go on with from what was saved. */
  open(ctx: Context, saved?: State): State | Promise<State>;
  /** Takes an item and gives what comes of it. */
  push(item: In, state: State, ctx: Context): Many<Out | typeof takeCheckpoint>;
  /** The input has ended. */
  flush?(state: State, ctx: Context): Many<Out | typeof takeCheckpoint>;
  /** At each yield of `flush` the state says where the next begins: barriers pass meanwhile, and a resume goes on there. */
  readonly resumesFlush?: true;
  /**
   * A barrier is about to pass, or of a stage with `cuts` to begin: yield what is still on its way, so that it need not
   * be saved.
   */
  settle?(state: State, ctx: Context): Many<Out>;
  /** It wants no more input: the runner stops what is upstream, calls `flush` and ends the flow after it. */
  done?(state: State): boolean;
  /** Default: structuredClone(state). */
  save?(state: State): SavedState | Promise<SavedState>;
  /** Always called, also after an error. */
  close?(state: State): void | Promise<void>;
}

/** Where a flow begins. */
export interface Source<Out, State = any> {
  /** Unique in its flow; keys its saved state. */
  readonly name: string;
  /** The state to begin with, or to go on with from what was saved. */
  open(ctx: Context, saved?: State): State | Promise<State>;
  /** At each yield, `state` says where the NEXT item begins: move the cursor before the yield. */
  read(state: State, ctx: Context): Many<Out>;
  /** Default: structuredClone(state). */
  save?(state: State): SavedState | Promise<SavedState>;
  /** Always called, also after an error. */
  close?(state: State): void | Promise<void>;
}

/** Declares a stage, its types inferred. */
export function stage<In, Out, State>(s: Stage<In, Out, State>): Stage<In, Out, State> {
  return s;
}

/** One item in, one item out, nothing remembered. */
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

/** A filter: `why` gives the reason to drop an item, or null to keep it. */
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
