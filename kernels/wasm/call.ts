// @ts-nocheck: AssemblyScript, see build.ts
/**
 * What a kernel gets: addresses of its tensors (u32), its numbers (f64), and its share of the work.
 *
 * @module
 */

/** Address of tensor i. */
export function tensor(tensors: usize, i: usize): usize {
  return load<u32>(tensors + (i << 2));
}

/** Number i as a size. */
export function size(args: usize, i: usize): usize {
  return <usize> load<f64>(args + (i << 3));
}

/** Number i as a float. */
export function real(args: usize, i: usize): f32 {
  return <f32> load<f64>(args + (i << 3));
}

/**
 * Where thread's share of `count` elements begins, a multiple of `align` (count itself for thread = threads):
 * the share ends where the next one's begins.
 */
export function first(count: usize, align: usize, thread: i32, threads: i32): usize {
  const blocks = (count + align - 1) / align;
  const block = <usize> (<u64> blocks * <u64> thread / <u64> threads);
  return min(block * align, count);
}
