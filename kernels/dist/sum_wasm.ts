// @ts-nocheck: AssemblyScript, see kernels/wasm/build.ts
/**
 * Adds the rows of a matrix in the order of the binary tree of tree.ts. This file is compiled to a WASM
 * module of its own, with its own memory, into which MPI writes the rows.
 *
 * @module
 */

/** Address of the first row; the module's memory has 2^21 floats from here on. */
export const ROWS: usize = 65536;

/** Adds rows of `length` floats each, which lie end to end from ROWS on; the sum is the first row. */
export function addRows(rows: i32, length: i32): void {
  const bytes = <usize> length << 2;
  for (let apart = 1; apart < rows; apart <<= 1) {
    for (let row = 0; row + apart < rows; row += apart << 1) {
      add(ROWS + <usize> row * bytes, ROWS + <usize> (row + apart) * bytes, bytes);
    }
  }
}

function add(to: usize, from: usize, bytes: usize): void {
  const end = to + bytes, vectors = to + (bytes & ~15);
  for (; to < vectors; to += 16, from += 16) {
    v128.store(to, f32x4.add(v128.load(to), v128.load(from)));
  }
  for (; to < end; to += 4, from += 4) f32.store(to, f32.load(to) + f32.load(from));
}
