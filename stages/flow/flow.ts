/**
 * A flow: one source, a chain of stages, and branches. Nothing runs before `run` or `stream` is called. Then
 * each stage processes only as many items as the next stage asks for.
 *
 * @module
 */
import { type FromOptions, type Items, itemsSource } from "./items_source.ts";
import { sinksOf } from "./rejects.ts";
import { Run } from "./run/run.ts";
import { streamOf } from "./run/stream.ts";
import type { RunOptions, RunResult } from "./run_options.ts";
import type { Source, Stage } from "./stage.ts";
import type { PipeOptions, Step } from "./step.ts";

export type { FromOptions, Items } from "./items_source.ts";
export type { Lengths, Measure } from "./lengths.ts";
export type { Reject, Rejects } from "./rejects.ts";
export type { Effect, RunOptions, RunResult } from "./run_options.ts";
export type { PipeOptions, Step } from "./step.ts";

/** Description of a step, as `--dry-run` prints it. */
export type StepInfo =
  | Readonly<{ kind: "source"; name: string }>
  | Readonly<
    { kind: "stage"; name: string; ahead: number; takesCheckpoints: boolean; rejects: string | null }
  >
  | Readonly<{ kind: "tee"; branch: readonly StepInfo[] }>;

/**
 * Starts a flow at a source, which determines how a resumed run continues.
 *
 * @example
 * ```ts
 * import { from, map } from "@stagewise/gpt";
 *
 * const squares = from([1, 2, 3]).pipe(map("square", (x: number) => x * x));
 * console.log(await Array.fromAsync(squares.stream())); // [ 1, 4, 9 ]
 * ```
 */
export function from<T>(source: Source<T>): Flow<T>;
/**
 * Starts a flow at a stream. The flow can run only once. A run that has read from the stream cannot be
 * resumed, and rejects with an Error whose cause is a Deno.errors.NotSupported: a stream may divide the same
 * bytes into other chunks, and cannot be read again. A flow that starts with `from(asSource(name, open))` can
 * be resumed if `open` returns a stream with the same chunks each time.
 */
export function from<T>(items: ReadableStream<T>, options?: FromOptions): Flow<T>;
/**
 * Starts a flow at an array or any other iterable or async iterable. A checkpoint holds the number of items
 * read; a resumed run iterates again and skips that many, so the items must be the same each time. If there
 * are fewer, the run rejects with an Error whose cause is a RangeError. A generator or other iterator can be
 * read only once: a second run of the flow rejects with a Deno.errors.NotSupported as cause, but a new
 * process that makes the generator again can resume. Throws TypeError for a text and for values that cannot
 * be iterated.
 */
export function from<T>(items: Items<T>, options?: FromOptions): Flow<T>;
export function from<T>(given: Source<T> | Items<T>, options: FromOptions = {}): Flow<T> {
  return new Flow<T>(isSource(given) ? given : itemsSource(given, options), []);
}

/** Returns whether the argument is a source. Callers without types may pass anything, also null. */
function isSource<T>(given: Source<T> | Items<T>): given is Source<T> {
  return typeof given === "object" && given !== null && "open" in given && "read" in given;
}

/**
 * A source and the steps after it. Each method returns a new flow.
 *
 * @example
 * ```ts
 * import { type Flow, from, map, rule } from "@stagewise/gpt";
 *
 * // A group of stages is a function from flow to flow.
 * const evenSquares = (flow: Flow<number>) =>
 *   flow.pipe(rule<number>("even", (x) => x % 2 === 0 ? null : "odd"))
 *     .pipe(map("square", (x: number) => x * x));
 * const seen: number[] = [];
 * const flow = from([1, 2, 3, 4])
 *   .tee((branch) => branch.pipe(map("see", (x: number) => seen.push(x))))
 *   .via(evenSquares);
 * console.log(await Array.fromAsync(flow.stream())); // [ 4, 16 ]
 * console.log(seen); // [ 1, 2, 3, 4 ]
 * ```
 */
export class Flow<T> {
  /** Called by `from()`, which should be used instead. */
  constructor(readonly source: Source<any>, readonly steps: readonly Step[]) {}

  /** Appends a stage. */
  pipe<U>(stage: Stage<T, U>, options: PipeOptions = {}): Flow<U> {
    return new Flow<U>(this.source, [...this.steps, { kind: "stage", stage, options }]);
  }

  /** Appends a group of stages, given as a function from flow to flow. */
  via<U>(group: (flow: Flow<T>) => Flow<U>): Flow<U> {
    return group(this);
  }

  /**
   * Appends a branch. Each item is passed to the branch, then to the next step. Nothing is queued, so the
   * slower side sets the pace. To let a branch lag behind, give its first stage the option `ahead`.
   */
  tee(branch: (flow: Flow<T>) => Flow<unknown>): Flow<T> {
    const { steps } = branch(new Flow<T>(this.source, []));
    return new Flow<T>(this.source, [...this.steps, { kind: "tee", branch: steps }]);
  }

  /**
   * The output as a stream. The flow runs only as far as the stream is read; cancelling the stream aborts the
   * run.
   */
  stream(options: RunOptions = {}): ReadableStream<T> {
    return streamOf<T>(this, options);
  }

  /**
   * Runs the flow to its end, starting at the last checkpoint if there is one. Closes all stages, and then
   * rejects with the first failure (whose message names the stage and the item) or with the abort signal's
   * reason.
   */
  run(options: RunOptions = {}): Promise<RunResult> {
    return new Run(this, options).execute();
  }

  /** Returns the source, stages and branches, in order. */
  describe(): readonly StepInfo[] {
    return [{ kind: "source", name: this.source.name }, ...this.steps.map(describeStep)];
  }
}

function describeStep(step: Step): StepInfo {
  if (step.kind === "tee") return { kind: "tee", branch: step.branch.map(describeStep) };
  const { stage, options } = step;
  return {
    kind: "stage",
    name: stage.name,
    ahead: options.ahead ?? 0,
    takesCheckpoints: stage.takesCheckpoints ?? false,
    rejects: sinksOf(options.rejects).map(({ sink }) => sink.name).join(", ") || null,
  };
}
