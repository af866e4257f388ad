/**
 * What the norms over rows share: checks, blocks of partial sums, and the layout of a row in a workgroup.
 *
 * @module
 */
import { ShapeError, type Spec } from "../../core/tensor.ts";

/**
 * Returns the number of rows per block of partial sums, from 8 to 32. If possible, there are at most 512
 * blocks. The limit of 32 rows keeps the sums accurate in float32.
 */
export function blockRows(rows: number): number {
  return Math.min(Math.max(Math.ceil(rows / 512), 8), 32);
}

/** Throws ShapeError unless a vector has one number for each column of `x`. */
export function checkVector(name: string, v: Spec, length: number): void {
  if (v.shape.length !== 1 || v.shape[0] !== length) {
    throw new ShapeError(
      `Cannot normalize: ${name} is [${v.shape}], but x's last size is ${length}: they must be equal`,
    );
  }
}

/** One of a lane's columns. */
interface Column {
  /** WGSL expression for the column's index in the row. */
  readonly c: string;
  /** The column's index among the lane's columns. */
  readonly i: number;
  /** Returns WGSL that runs `code` only if the row has this column. */
  within(code: string): string;
}

/**
 * Returns the layout of a row in a workgroup of `lanes` invocations, each of which holds the columns `lane`,
 * `lane + lanes`, …. The code for each column is written out, because an array that is indexed in a loop
 * would not be kept in registers. The number of lanes is the smallest one that gives a lane at most 8
 * columns, but at most 256: fewer lanes make barriers cheaper, but more columns would need more registers
 * than a lane has.
 */
export function rowLayout(
  channels: number,
): { lanes: number; columns: (code: (column: Column) => string) => string } {
  let lanes = 32;
  while (lanes < 256 && lanes * 8 < channels) lanes *= 2;
  const count = Math.ceil(channels / lanes);
  return {
    lanes,
    columns: (code) =>
      Array.from({ length: count }, (_, i) => {
        const c = `(lane + ${i * lanes}u)`;
        const whole = (i + 1) * lanes <= channels;
        return code({
          c,
          i,
          within: (text) => whole ? `{ ${text} }` : `if (${c} < ${channels}u) { ${text} }`,
        });
      }).join("\n  "),
  };
}
