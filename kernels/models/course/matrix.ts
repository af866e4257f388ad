/**
 * Matrices of float64, written to be read: what a backward pass by hand is spelled in. The engines are there for speed.
 *
 * @module
 */
import { ShapeError } from "../../core/tensor.ts";

/** Rows of numbers; vectors are matrices of one row or one column. */
export class Matrix {
  /** Row after row. */
  readonly data: Float64Array;

  /** Takes `data` as it is; default zeros. Throws ShapeError where it is not of rows · columns numbers. */
  constructor(readonly rows: number, readonly columns: number, data?: ArrayLike<number>) {
    this.data = data === undefined
      ? new Float64Array(rows * columns)
      : data instanceof Float64Array
      ? data
      : Float64Array.from(data);
    if (this.data.length !== rows * columns) {
      throw new ShapeError(
        `Cannot make a matrix of [${rows}, ${columns}] from ${this.data.length} numbers: wanted ${
          rows * columns
        }`,
      );
    }
  }

  /** f of every element. */
  map(f: (x: number) => number): Matrix {
    const { data } = this, out = new Float64Array(data.length);
    for (let i = 0; i < out.length; i++) out[i] = f(data[i]);
    return new Matrix(this.rows, this.columns, out);
  }

  /**
   * f of every element and its partner. A matrix of one row or one column is repeated, as torch broadcasts; throws
   * ShapeError where sizes do not fit.
   */
  with(other: Matrix, f: (x: number, y: number) => number): Matrix {
    const rows = Math.max(this.rows, other.rows), columns = Math.max(this.columns, other.columns);
    const [down, across] = stepsOf(this, { rows, columns }),
      [left, right] = stepsOf(other, { rows, columns });
    const out = new Float64Array(rows * columns);
    for (let i = 0, at = 0; i < rows; i++) {
      for (let j = 0; j < columns; j++, at++) {
        out[at] = f(this.data[i * down + j * across], other.data[i * left + j * right]);
      }
    }
    return new Matrix(rows, columns, out);
  }

  /** Sum, element by element. */
  plus(other: Matrix): Matrix {
    return this.with(other, (x, y) => x + y);
  }

  /** Difference, element by element. */
  minus(other: Matrix): Matrix {
    return this.with(other, (x, y) => x - y);
  }

  /** Product, element by element. */
  times(other: Matrix | number): Matrix {
    return typeof other === "number" ? this.map((x) => x * other) : this.with(other, (x, y) => x * y);
  }

  /** The product of matrices: [n, k] and [k, m] give [n, m]. Throws ShapeError where k differs. */
  matmul(other: Matrix): Matrix {
    const { rows, columns: inner, data } = this, { columns } = other;
    if (inner !== other.rows) {
      throw new ShapeError(
        `Cannot multiply [${rows}, ${inner}] by [${other.rows}, ${columns}]: the inner sizes must be equal`,
      );
    }
    const out = new Float64Array(rows * columns), of = other.data;
    for (let i = 0; i < rows; i++) {
      const to = i * columns;
      let k = 0;
      for (; k + 4 <= inner; k += 4) { // four at a time: the sum is loaded and stored a quarter as often
        const at = i * inner + k, from = k * columns;
        const a = data[at], b = data[at + 1], c = data[at + 2], d = data[at + 3];
        for (let j = 0; j < columns; j++) {
          const x = from + j;
          out[to + j] += a * of[x] + b * of[x + columns] + c * of[x + 2 * columns] + d * of[x + 3 * columns];
        }
      }
      for (; k < inner; k++) {
        const a = data[i * inner + k], from = k * columns;
        for (let j = 0; j < columns; j++) out[to + j] += a * of[from + j];
      }
    }
    return new Matrix(rows, columns, out);
  }

  /** Rows as columns: [n, m] gives [m, n]. */
  transposed(): Matrix {
    const { rows, columns, data } = this, out = new Float64Array(data.length);
    for (let i = 0; i < rows; i++) {
      for (let j = 0; j < columns; j++) out[j * rows + i] = data[i * columns + j];
    }
    return new Matrix(columns, rows, out);
  }

  /** Each column's sum: [1, columns]. */
  sumOfRows(): Matrix {
    const { columns, data } = this, out = new Float64Array(columns);
    for (let at = 0, j = 0; at < data.length; at++, j = j + 1 === columns ? 0 : j + 1) out[j] += data[at];
    return new Matrix(1, columns, out);
  }

  /** Each row's sum: [rows, 1]. */
  sumOfColumns(): Matrix {
    return this.#eachRow((row) => row.reduce((sum, x) => sum + x, 0));
  }

  /** Each row's greatest: [rows, 1]. */
  maxOfColumns(): Matrix {
    return this.#eachRow((row) => row.reduce((most, x) => Math.max(most, x)));
  }

  /** A 1 in each row where its greatest stands, the first of equal ones; else 0. */
  whereMax(): Matrix {
    const out = new Matrix(this.rows, this.columns);
    for (let i = 0; i < this.rows; i++) {
      const row = this.row(i);
      out.row(i)[row.indexOf(row.reduce((most, x) => Math.max(most, x)))] = 1;
    }
    return out;
  }

  /** The same numbers in another shape. Throws ShapeError where there are not as many. */
  view(rows: number, columns: number): Matrix {
    return new Matrix(rows, columns, this.data);
  }

  /** A row, not copied. */
  row(i: number): Float64Array {
    return this.data.subarray(i * this.columns, (i + 1) * this.columns);
  }

  /** The rows of these numbers, one after the other. */
  rowsAt(numbers: ArrayLike<number>): Matrix {
    const out = new Matrix(numbers.length, this.columns);
    for (let i = 0; i < numbers.length; i++) out.row(i).set(this.row(numbers[i]));
    return out;
  }

  #eachRow(f: (row: Float64Array) => number): Matrix {
    return new Matrix(this.rows, 1, Float64Array.from({ length: this.rows }, (_, i) => f(this.row(i))));
  }
}

/** The largest difference between two lists of numbers of one length. */
export function largestDifference(a: ArrayLike<number>, b: ArrayLike<number>): number {
  let most = a.length === b.length ? 0 : Infinity;
  for (let i = 0; i < a.length; i++) {
    const difference = Math.abs(a[i] - b[i]);
    if (!(difference <= most)) most = difference; // NaN too
  }
  return most;
}

/** How far apart neighbours in a column and in a row lie; 0 along an axis that is repeated. */
function stepsOf(
  { rows, columns }: Matrix,
  to: { readonly rows: number; readonly columns: number },
): readonly [down: number, across: number] {
  if ((rows !== 1 && rows !== to.rows) || (columns !== 1 && columns !== to.columns)) {
    throw new ShapeError(
      `Cannot repeat a matrix of [${rows}, ${columns}] to [${to.rows}, ${to.columns}]: each size must be the same or 1`,
    );
  }
  return [rows === 1 ? 0 : columns, columns === 1 ? 0 : 1];
}
