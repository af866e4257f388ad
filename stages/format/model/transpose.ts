/**
 * Transposing a matrix for file formats that store it as [columns, rows].
 *
 * @module
 */

const BLOCK = 32; // rows and columns at a time, so that both sides stay in the CPU's cache

/**
 * Returns the transpose of `x`: [rows, columns] → [columns, rows]. Copies bits, so that NaNs do not change.
 */
export function transpose(
  x: Float32Array,
  { rows, columns }: { readonly rows: number; readonly columns: number },
): Float32Array<ArrayBuffer> {
  const from = new Uint32Array(x.buffer, x.byteOffset, x.length), out = new Uint32Array(x.length);
  for (let r0 = 0; r0 < rows; r0 += BLOCK) {
    for (let c0 = 0; c0 < columns; c0 += BLOCK) {
      const lastRow = Math.min(rows, r0 + BLOCK), lastColumn = Math.min(columns, c0 + BLOCK);
      for (let c = c0; c < lastColumn; c++) {
        for (let r = r0; r < lastRow; r++) out[c * rows + r] = from[r * columns + c];
      }
    }
  }
  return new Float32Array(out.buffer);
}
