/**
 * Barriers to commit as checkpoints, and the folder to keep them in, for the checkpoint tests.
 *
 * @module
 */
import { Barrier, type StageSnapshot, TensorFile } from "../../../../stages/flow/checkpoint/checkpoint.ts";

/** Returns the weights of a model: one tensor whose elements all have the same value. */
export function model(value: number, size = 8): TensorFile {
  return new TensorFile("model", { w: { shape: [size], data: new Float32Array(size).fill(value) } });
}

/** Returns the barrier of a training run at a step; `skip` identifies it. */
export function at(step: number, value = step): Barrier {
  return barrierOf(new Map([["train", { state: { step, w: model(value) }, skip: value }]]));
}

/** Returns a barrier that has collected these snapshots. */
export function barrierOf(snapshots: Map<string, StageSnapshot>): Barrier {
  const barrier = new Barrier();
  for (const [name, snapshot] of snapshots) barrier.snapshots.set(name, snapshot);
  return barrier;
}

/** Returns the sorted names of the entries of a folder. */
export function names(dir: string): string[] {
  return [...Deno.readDirSync(dir)].map((entry) => entry.name).sort();
}

/** Returns a temporary folder, which is removed when it is disposed of. */
export async function temporary(): Promise<{ path: string } & AsyncDisposable> {
  const path = await Deno.makeTempDir();
  return { path, [Symbol.asyncDispose]: () => Deno.remove(path, { recursive: true }) };
}
