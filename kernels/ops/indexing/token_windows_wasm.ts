// @ts-nocheck: AssemblyScript, see build.ts
/**
 * WASM kernels of kernels/ops/indexing/token_windows.ts.
 *
 * @module
 */
import { first, size, tensor } from "../../wasm/call.ts";

/**
 * Copies windows [count, length] from `data` [n]; `numbers` [count] holds their indices, and past the end of
 * `data` the windows are 0. `args`: n, count, length, stride, shift.
 */
export function token_windows(tensors: usize, args: usize, thread: i32, threads: i32, scratch: usize): void {
  const data = tensor(tensors, 0), numbers = tensor(tensors, 1), windows = tensor(tensors, 2);
  const n = <u64> size(args, 0), count = size(args, 1), length = size(args, 2);
  const stride = <u64> size(args, 3), shift = <u64> size(args, 4);
  const end = first(count, 1, thread + 1, threads);
  for (let i = first(count, 1, thread, threads); i < end; i++) {
    const from = min(<u64> load<u32>(numbers + (i << 2)) * stride + shift, n);
    const inside = <usize> min(<u64> length, n - from), to = windows + ((i * length) << 2);
    memory.copy(to, data + (<usize> from << 2), inside << 2);
    memory.fill(to + (inside << 2), 0, (length - inside) << 2);
  }
}

/**
 * Computes contexts [n, length], latest token first, from `tokens` [n] in rows of T tokens. `args`: n, T,
 * length, blank.
 */
export function token_contexts(tensors: usize, args: usize, thread: i32, threads: i32, scratch: usize): void {
  const tokens = tensor(tensors, 0), contexts = tensor(tensors, 1);
  const n = size(args, 0), time = size(args, 1), length = size(args, 2), blank = <u32> load<f64>(args, 24);
  const end = first(n, 1, thread + 1, threads);
  for (let i = first(n, 1, thread, threads); i < end; i++) {
    const seen = i % time;
    for (let back: usize = 0; back < length; back++) {
      const token = back > seen ? blank : load<u32>(tokens + ((i - back) << 2));
      store<u32>(contexts + ((i * length + back) << 2), token);
    }
  }
}

/** Computes one-hot rows [count, classes] from `ids` [count]. `args`: count, classes. */
export function one_hot(tensors: usize, args: usize, thread: i32, threads: i32, scratch: usize): void {
  const ids = tensor(tensors, 0), rows = tensor(tensors, 1), count = size(args, 0), classes = size(args, 1);
  const end = first(count, 1, thread + 1, threads);
  for (let i = first(count, 1, thread, threads); i < end; i++) {
    const row = rows + ((i * classes) << 2), id: usize = load<u32>(ids + (i << 2));
    memory.fill(row, 0, classes << 2);
    if (id < classes) store<f32>(row + (id << 2), 1);
  }
}
