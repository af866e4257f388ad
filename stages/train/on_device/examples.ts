/**
 * The data set of a small net. All of it is kept on the device, and examples are selected by index.
 *
 * @module
 */
import { ignoredTarget } from "../../../kernels/ops/loss/cross_entropy.ts";

/**
 * Examples of a fixed context length: either separate rows, or windows of a text. Example `i` of a text
 * begins at token `i`, and the target of each token is the next token.
 */
export type Examples =
  | {
    /** Tokens per example. */
    readonly context: number;
    /** Tokens of the examples, [N, context]. */
    readonly inputs: Uint32Array;
    /**
     * One target per example, [N], or one per position, [N, context]; a target `ignoredTarget` adds no loss.
     */
    readonly targets: Uint32Array;
  }
  | {
    /** Tokens per example. */
    readonly context: number;
    /** Tokens of the text. */
    readonly text: Uint32Array;
  };

/** Number of examples. */
export function exampleCount(examples: Examples): number {
  return "text" in examples
    ? examples.text.length - examples.context
    : examples.inputs.length / examples.context;
}

/** Returns the number of targets per example: 1 or `context`. */
export function targetsPerExample(examples: Examples): number {
  return "text" in examples ? examples.context : examples.targets.length / exampleCount(examples);
}

/** Throws RangeError if `rows` is empty or holds an index beyond the last example. */
export function checkRows(examples: Examples, rows: Uint32Array): void {
  if (rows.length === 0) {
    throw new RangeError("Cannot use an empty list of examples: give at least one index");
  }
  const count = exampleCount(examples), at = rows.findIndex((row) => row >= count);
  if (at >= 0) throw new RangeError(`Cannot use example ${rows[at]} at ${at}: there are ${count}`);
}

/** Returns a function that counts the targets of the examples `rows` that are not ignored. */
export function targetCounter(examples: Examples): (rows: Uint32Array) => number {
  const each = targetsPerExample(examples);
  if ("text" in examples || !examples.targets.includes(ignoredTarget)) return (rows) => rows.length * each;
  const counts = new Uint32Array(exampleCount(examples));
  examples.targets.forEach((target, i) => {
    if (target !== ignoredTarget) counts[Math.floor(i / each)]++;
  });
  return (rows) => rows.reduce((sum, row) => sum + counts[row], 0);
}
