/**
 * How a model is trained, and which programs one update runs.
 *
 * @module
 */
import { treeLevels, treeStep } from "../../kernels/dist/tree.ts";
import type { Recompute } from "../../kernels/models/model.ts";
import type { Optimizer } from "../../kernels/optim/optimizer.ts";
import type { Batch } from "../items.ts";

/** DiLoCo: processes train apart, and every few updates make a step together. */
export interface OuterStep {
  /** Number of updates between outer steps. */
  readonly every: number;
  /** Learning rate of the outer step. */
  readonly rate: number;
  /** Nesterov momentum of the outer step. */
  readonly momentum: number;
}

/** How a model is trained. */
export interface TrainingPlan {
  /** The optimizer. */
  readonly optimizer: Optimizer;
  /** Shape of a batch: micro-batches per update, sequences per micro-batch, tokens per sequence. */
  readonly shape: Batch["shape"];
  /**
   * Number of processes that compute each batch together; each takes an equal part of the micro-batches.
   * Default 1.
   */
  readonly ranks?: number;
  /**
   * How processes that train apart, each on its part of each batch, come together. If absent, they add their
   * gradients at every update.
   */
  readonly outer?: OuterStep | undefined;
  /**
   * Whether the programs are made with which processes add gradients while they compute those of earlier
   * layers, where the device allows it. Default false.
   */
  readonly overlap?: boolean;
  /**
   * Order in which the gradients of micro-batches are added. `tree`: in that of a binary tree over their
   * numbers, so that several processes give the bits of one; up to `log2(A)` sums more are in memory.
   * `running`: each micro-batch adds to one sum. Default `auto`: the tree if its sums take at most 1 GiB or a
   * quarter of the other memory.
   */
  readonly gradientSum?: "auto" | "tree" | "running";
  /**
   * Maximum norm of all gradients together; larger gradients are scaled down to this norm. 0 disables
   * clipping.
   */
  readonly clip: number;
  /**
   * Loss scale: gradients are multiplied by it until the optimizer applies them, because 16-bit products lose
   * very small gradients. A power of two does not change the result in float32. Default 1.
   */
  readonly gradientScale?: number;
  /**
   * Which activations the backward pass recomputes instead of keeping them in memory; default none. The
   * results are the same.
   */
  readonly recompute?: Recompute;
  /**
   * Whether losses have weights of their own, `Batch.mask`, which may be any numbers; otherwise a mask is of
   * zeros and ones. Default false.
   */
  readonly weighted?: boolean;
  /** Whether sequences can hold several documents, `Batch.segments`. Default false. */
  readonly segmented?: boolean;
  /**
   * Whether to make the program `inspect`, which keeps activations and gradients of a micro-batch. Default
   * false.
   */
  readonly inspection?: boolean;
  /**
   * Whether an update is deferred: the host reads its loss and gradient norm before it is committed or
   * discarded. The programs `measure`, `commit` and `discard` then replace `update`. Default false.
   */
  readonly deferred?: boolean;
  /**
   * Number of updates whose losses and gradient norms the device keeps until the host reads them. Default 10.
   */
  readonly history?: number;
}

/**
 * Number of updates between two reads: few enough that losses are printed at most seconds late, and enough
 * that a GPU is seldom idle (it runs out of work at each read).
 */
const HISTORY = 10;

/** Memory in bytes that the waiting sums of a tree may take in any case. */
const SMALL_TREE = 2 ** 30;

/**
 * Returns whether the gradients of a step are added as a tree. `gradient` and `all` are the bytes of memory
 * of one sum and of everything but the waiting sums. It depends on neither the device nor how the
 * micro-batches are divided over processes.
 */
export function addsAsTree(
  { shape: [micros], gradientSum = "auto" }: TrainingPlan,
  { gradient, all }: { readonly gradient: number; readonly all: number },
): boolean {
  const waiting = treeLevels(micros) * gradient;
  return gradientSum === "auto" ? waiting <= Math.max(SMALL_TREE, all / 4) : gradientSum === "tree";
}

/** A program that works on the sums that wait on one level of the tree. */
export interface SumProgram {
  /**
   * `keep` moves the gradients and the loss to the level and clears them for the next micro-batch; `merge`
   * adds the sums of the level to them.
   */
  readonly verb: "keep" | "merge";
  /** Level of the tree, starting at 0. */
  readonly level: number;
}

/** Returns the name of a program in a plan. */
export function sumProgramName({ verb, level }: SumProgram): string {
  return `${verb}/${level}`;
}

/** Returns the shape of the part of a batch that one process computes. */
export function ownShape({ shape: [micros, ...rest], ranks = 1 }: TrainingPlan): Batch["shape"] {
  return [micros / ranks, ...rest];
}

/** Returns the programs that add the gradients of a process's micro-batches as a tree. */
export function sumPrograms(training: TrainingPlan): readonly SumProgram[] {
  const [micros] = ownShape(training);
  return Array.from({ length: treeLevels(micros) }, (_, level) => level)
    .flatMap((level): SumProgram[] => [{ verb: "keep", level }, { verb: "merge", level }]);
}

/**
 * Returns the names of the programs that compute the gradients and the loss of a process's part of a batch,
 * in order. A plan has decided whether they are added as a tree.
 */
export function gradientPrograms(training: TrainingPlan): readonly string[] {
  const [micros] = ownShape(training);
  if (training.gradientSum !== "tree") return Array<string>(micros).fill("micro");
  return Array.from({ length: micros }, (_, i) => treeStep(i, micros)).flatMap(({ merged, kept }) => [
    "micro",
    ...merged.map((level) => sumProgramName({ verb: "merge", level })),
    ...(kept === null ? [] : [sumProgramName({ verb: "keep", level: kept })]),
  ]);
}

/** Returns the number of updates whose losses and gradient norms the device keeps. */
export function historyLength({ history = HISTORY }: TrainingPlan): number {
  return history;
}

/**
 * Returns the names of the programs of one update, in the order in which each process runs them; a deferred
 * update is committed. The result is empty without training.
 */
export function programsOfStep(training: TrainingPlan | undefined): readonly string[] {
  if (training === undefined) return [];
  return [
    ...gradientPrograms(training),
    ...(training.deferred === true ? ["measure", "commit"] : ["update"]),
  ];
}

/**
 * Throws RangeError for a history or loss scale that cannot be used, and for micro-batches that cannot be
 * divided among the processes.
 */
export function checkTrainingPlan(training: TrainingPlan): void {
  checkParts(training);
  const history = historyLength(training), { gradientScale = 1 } = training;
  if (!Number.isInteger(history) || history < 1) {
    throw new RangeError(`Cannot keep the losses of ${history} updates: wanted a whole number above 0`);
  }
  if (!(gradientScale > 0 && Number.isFinite(gradientScale))) {
    throw new RangeError(`Cannot scale gradients by ${gradientScale}: wanted a finite number above 0`);
  }
}

/** Throws RangeError unless every process gets the same number of micro-batches, a power of two. */
function checkParts({ shape: [micros, batch, seqLen], ranks = 1 }: TrainingPlan): void {
  const each = micros / ranks, isPowerOfTwo = (n: number) => Number.isInteger(Math.log2(n));
  if (ranks === 1 || each >= 1 && isPowerOfTwo(each)) return;
  const below = 2 ** Math.floor(Math.log2(Math.max(1, each)));
  const wanted = (each < 1 ? [below] : [below, 2 * below]).map((n) =>
    `--grad-accum ${n} (${n * ranks} micro-batches, ${n * ranks * batch * seqLen} tokens)`
  );
  const counts = Array.from({ length: micros }, (_, i) => i + 1).filter((n) => isPowerOfTwo(micros / n));
  const near = [counts.findLast((n) => n < ranks), counts.find((n) => n > ranks)];
  throw new RangeError(
    `Cannot divide a step of ${micros} micro-batches among ${ranks} processes: each must get the same number, ` +
      `a power of two: use ${wanted.join(" or ")}, or start ${
        near.filter((n) => n !== undefined).join(" or ")
      } processes`,
  );
}
