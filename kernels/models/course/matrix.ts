/**
 * Matrices of float64 for a backward pass written by hand. They are made for readability; the engines are
 * made for speed.
 *
 * @module
 */
import { ShapeError } from "../../core/tensor.ts";

/** A matrix; a vector is a matrix with one row or one column. */
export class Matrix {
  /** Elements, row by row. */
  readonly data: Float64Array;

  /**
   * `data` (default: zeros) is used without a copy if it is a Float64Array. Throws ShapeError unless it has
   * `rows · columns` numbers.
   */
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

  /** Applies `f` to every element. */
  map(f: (x: number) => number): Matrix {
    const { data } = this, out = new Float64Array(data.length);
    for (let i = 0; i < out.length; i++) out[i] = f(data[i]);
    return new Matrix(this.rows, this.columns, out);
  }

  /**
   * Applies `f` to every pair of elements. A matrix of one row or one column is repeated, as torch
   * broadcasts. Throws ShapeError if the sizes do not fit.
   */
  with(other: Matrix, f: (x: number, y: number) => number): Matrix {
    const [a, b, out] = repeatedPair(this, other);
    for (let i = 0; i < out.data.length; i++) out.data[i] = f(a[i], b[i]);
    return out;
  }

  /** Returns the sum, element by element. */
  plus(other: Matrix): Matrix {
    const [a, b, out] = repeatedPair(this, other);
    for (let i = 0; i < out.data.length; i++) out.data[i] = a[i] + b[i];
    return out;
  }

  /** Returns the difference, element by element. */
  minus(other: Matrix): Matrix {
    const [a, b, out] = repeatedPair(this, other);
    for (let i = 0; i < out.data.length; i++) out.data[i] = a[i] - b[i];
    return out;
  }

  /** Returns the product, element by element. */
  times(other: Matrix | number): Matrix {
    if (typeof other === "number") return this.map((x) => x * other);
    const [a, b, out] = repeatedPair(this, other);
    for (let i = 0; i < out.data.length; i++) out.data[i] = a[i] * b[i];
    return out;
  }

  /**
   * Returns the matrix product; [n, k] · [k, m] gives [n, m]. Throws ShapeError if the two values of `k`
   * differ.
   */
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
      for (; k + 4 <= inner; k += 4) { // four terms at a time, to load and store each sum less often
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

  /** Returns the transpose; [n, m] gives [m, n]. */
  transposed(): Matrix {
    const { rows, columns, data } = this, out = new Float64Array(data.length);
    for (let i = 0; i < rows; i++) {
      for (let j = 0; j < columns; j++) out[j * rows + i] = data[i * columns + j];
    }
    return new Matrix(columns, rows, out);
  }

  /** Returns the sum of each column, over all rows: [1, columns]. */
  sumOfRows(): Matrix {
    const { columns, data } = this, out = new Float64Array(columns);
    for (let at = 0, j = 0; at < data.length; at++, j = j + 1 === columns ? 0 : j + 1) out[j] += data[at];
    return new Matrix(1, columns, out);
  }

  /** Returns the sum of each row, over all columns: [rows, 1]. */
  sumOfColumns(): Matrix {
    return this.#eachRow((row) => row.reduce((sum, x) => sum + x, 0));
  }

  /** Returns the maximum of each row: [rows, 1]. */
  maxOfColumns(): Matrix {
    return this.#eachRow((row) => row.reduce((most, x) => Math.max(most, x)));
  }

  /**
   * Returns a matrix of zeros with a 1 at each row's maximum; if several elements are the maximum, it is at
   * the first one.
   */
  whereMax(): Matrix {
    const out = new Matrix(this.rows, this.columns);
    for (let i = 0; i < this.rows; i++) {
      const row = this.row(i);
      out.row(i)[row.indexOf(row.reduce((most, x) => Math.max(most, x)))] = 1;
    }
    return out;
  }

  /**
   * Returns the same elements in another shape, not copied. Throws ShapeError if the number of elements
   * differs.
   */
  view(rows: number, columns: number): Matrix {
    return new Matrix(rows, columns, this.data);
  }

  /** Returns row `i` without copying it. */
  row(i: number): Float64Array {
    return this.data.subarray(i * this.columns, (i + 1) * this.columns);
  }

  /** Returns the rows with these indices, one below the other. */
  rowsAt(indices: ArrayLike<number>): Matrix {
    const out = new Matrix(indices.length, this.columns);
    for (let i = 0; i < indices.length; i++) out.row(i).set(this.row(indices[i]));
    return out;
  }

  #eachRow(f: (row: Float64Array) => number): Matrix {
    return new Matrix(this.rows, 1, Float64Array.from({ length: this.rows }, (_, i) => f(this.row(i))));
  }
}

/** Returns the largest difference between two lists of numbers, or Infinity if their lengths differ. */
export function largestDifference(a: ArrayLike<number>, b: ArrayLike<number>): number {
  let most = a.length === b.length ? 0 : Infinity;
  for (let i = 0; i < a.length; i++) {
    const difference = Math.abs(a[i] - b[i]);
    if (!(difference <= most)) most = difference; // also true if the difference is NaN
  }
  return most;
}

/** Returns the elements of two matrices, repeated to one size, and a matrix of zeros of this size. */
function repeatedPair(a: Matrix, b: Matrix): readonly [a: Float64Array, b: Float64Array, out: Matrix] {
  const out = new Matrix(Math.max(a.rows, b.rows), Math.max(a.columns, b.columns));
  return [repeated(a, out), repeated(b, out), out];
}

/** Returns the elements of a matrix whose only row or only column is repeated to the size of another. */
function repeated(matrix: Matrix, { rows, columns }: Matrix): Float64Array {
  if (matrix.rows === rows && matrix.columns === columns) return matrix.data;
  if ((matrix.rows !== 1 && matrix.rows !== rows) || (matrix.columns !== 1 && matrix.columns !== columns)) {
    throw new ShapeError(
      `Cannot repeat a matrix of [${matrix.rows}, ${matrix.columns}] to [${rows}, ${columns}]: each size must be the same or 1`,
    );
  }
  const out = new Float64Array(rows * columns);
  for (let i = 0; i < rows; i++) {
    const row = matrix.row(matrix.rows === 1 ? 0 : i), at = i * columns;
    if (matrix.columns === 1) out.fill(row[0], at, at + columns);
    else out.set(row, at);
  }
  return out;
}
