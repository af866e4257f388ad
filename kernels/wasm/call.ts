// @ts-nocheck: AssemblyScript, see build.ts
/**
 * Access to the parameters of a WASM kernel. Every kernel has the signature `(tensors, args, thread, threads,
 * scratch)`: the addresses of the call's tensors (u32 each), the call's numeric arguments (f64 each), the
 * index of the thread, the number of threads, and the address of memory that belongs to the thread.
 *
 * @module
 */

/** Returns the address of tensor `i`. */
export function tensor(tensors: usize, i: usize): usize {
  return load<u32>(tensors + (i << 2));
}

/** Returns number `i` of `args`, as a size. */
export function size(args: usize, i: usize): usize {
  return <usize> load<f64>(args + (i << 3));
}

/** Returns number `i` of `args`, as a float. */
export function real(args: usize, i: usize): f32 {
  return <f32> load<f64>(args + (i << 3));
}

/**
 * Returns the index of the first element that a thread computes if `count` elements are divided among
 * threads; the index is a multiple of `align`. The thread's range ends where the range of `thread + 1`
 * begins. For `thread = threads` the result is `count`.
 */
export function first(count: usize, align: usize, thread: i32, threads: i32): usize {
  const blocks = (count + align - 1) / align;
  const block = <usize> (<u64> blocks * <u64> thread / <u64> threads);
  return min(block * align, count);
}
