/**
 * Changes tensors of a session whose memory is not that of this process.
 *
 * @module
 */
import type { Session } from "./engine.ts";

/** Reads tensors, lets `work` change the copies, and writes them back: see `Session.change`. */
export async function changeCopies(
  session: Pick<Session, "read" | "write">,
  labels: readonly string[],
  work: (tensors: readonly Float32Array[]) => Promise<void>,
): Promise<void> {
  const read = await session.read(labels);
  const copies = floatsOnly(labels, labels.map((label) => read[label].data));
  await work(copies);
  session.write(
    Object.fromEntries(labels.map((label, i) => [label, { shape: read[label].shape, data: copies[i] }])),
  );
}

/** Returns arrays of floats. Throws TypeError for one of another type, with its label. */
export function floatsOnly(labels: readonly string[], arrays: readonly ArrayLike<number>[]): Float32Array[] {
  return arrays.map((array, i) => {
    if (array instanceof Float32Array) return array;
    throw new TypeError(`Cannot change ${labels[i]}: it is not f32`);
  });
}
