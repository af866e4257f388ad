// @ts-nocheck: AssemblyScript, see build.ts
/**
 * Access to the parameters of a WASM kernel. Every kernel has the signature `(tensors, args, thread, threads,
 * scratch)`: addresses of its tensors (u32 each), its numbers (f64 each), the index of the thread that runs
 * it, the number of threads, and memory that belongs to the thread.
 *
 * @module
 */

/** Address of tensor i. */
export function tensor(tensors: usize, i: usize): usize {
  return load<u32>(tensors + (i << 2));
}

/** Number i of args, as a size. */
export function size(args: usize, i: usize): usize {
  return <usize> load<f64>(args + (i << 3));
}

/** Number i of args, as a float. */
export function real(args: usize, i: usize): f32 {
  return <f32> load<f64>(args + (i << 3));
}

/**
 * First of the elements that a thread computes, where `count` elements are divided among threads; a multiple
 * of `align`. The thread's range ends where that of thread + 1 begins; `count` for thread = threads.
 */
export function first(count: usize, align: usize, thread: i32, threads: i32): usize {
  const blocks = (count + align - 1) / align;
  const block = <usize> (<u64> blocks * <u64> thread / <u64> threads);
  return min(block * align, count);
}
