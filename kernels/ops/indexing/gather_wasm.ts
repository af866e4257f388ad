// @ts-nocheck: AssemblyScript, see build.ts
/**
 * WASM kernels of kernels/ops/indexing/gather.ts.
 *
 * @module
 */
import { first, size, tensor } from "../../wasm/call.ts";

/**
 * Copies rows [count, C] of `table` [V, C], given their `ids` [count]. `args`: count, C, V. An id of V or
 * more gives zeros.
 */
export function gather(tensors: usize, args: usize, thread: i32, threads: i32, scratch: usize): void {
  const table = tensor(tensors, 0), ids = tensor(tensors, 1), rows = tensor(tensors, 2);
  const count = size(args, 0), bytes = size(args, 1) << 2, rowsInTable = size(args, 2);
  const end = first(count, 1, thread + 1, threads);
  for (let i = first(count, 1, thread, threads); i < end; i++) {
    const id: usize = load<u32>(ids + (i << 2));
    if (id < rowsInTable) memory.copy(rows + i * bytes, table + id * bytes, bytes);
    else memory.fill(rows + i * bytes, 0, bytes);
  }
}

/**
 * Computes `acc[id] += row` in place, in the order of `ids`, for `acc` [V, C], `ids` [count] and `rows`
 * [count, C]. `args`: count, C, V. A thread computes whole columns, so each element has a single writer.
 */
export function scatter_add(tensors: usize, args: usize, thread: i32, threads: i32, scratch: usize): void {
  const acc = tensor(tensors, 0), ids = tensor(tensors, 1), rows = tensor(tensors, 2);
  const count = size(args, 0), columns = size(args, 1), rowsInTable = size(args, 2);
  const from = first(columns, 16, thread, threads), to = first(columns, 16, thread + 1, threads);
  if (from == to) return;
  for (let i: usize = 0; i < count; i++) {
    const id: usize = load<u32>(ids + (i << 2));
    if (id >= rowsInTable) continue;
    let x = rows + ((i * columns + from) << 2), y = acc + ((id * columns + from) << 2);
    const end = y + ((to - from) << 2);
    for (; y + 16 <= end; y += 16, x += 16) v128.store(y, f32x4.add(v128.load(y), v128.load(x)));
    for (; y < end; y += 4, x += 4) store<f32>(y, load<f32>(y) + load<f32>(x));
  }
}
