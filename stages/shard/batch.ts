/**
 * Collects sequences into the batches of optimizer steps.
 *
 * @module
 */
import { TensorFile } from "../flow/checkpoint/checkpoint.ts";
import { type Stage, stage } from "../flow/stage.ts";
import type { Batch, Sequence } from "../items.ts";

/** Shape of a batch: A micro-batches of B sequences of T tokens. */
export interface BatchOptions {
  /** B: number of sequences per micro-batch. */
  readonly batchSize: number;
  /** A: number of micro-batches per step. */
  readonly gradAccum: number;
  /** T: number of predicted tokens per sequence. */
  readonly seqLen: number;
}

/** State of the stage. */
export interface BatchState {
  /** Sequences of the batch that is not full yet. */
  readonly held: Sequence[];
  /** Number of batches made so far. */
  batches: number;
  /** Number of sequences still to drop, because an earlier part of the run has trained on them. */
  skip: number;
}

/**
 * Turns sequences of `T + 1` ids into batches [A, B, T], in the order in which the sequences arrive: sequence
 * `j` of a batch becomes part of micro-batch `⌊j / B⌋`.
 *
 * A batch that is incomplete at the end of an epoch is completed by the next epoch; one that is incomplete at
 * the end of the input is dropped. A run may be resumed with another number of sequences per batch. Throws
 * RangeError for a sequence of another length, and if the input is too short for one batch.
 *
 * @example
 * ```ts
 * import { batch, from } from "@stagewise/gpt";
 *
 * const ids = Uint32Array.of(1, 2, 3, 4, 5);
 * const sequences = [0, 4].map((start) => ({ ids, path: "train.bin", start }));
 * const batches = from(sequences).pipe(batch({ batchSize: 2, gradAccum: 1, seqLen: 4 }));
 * const [{ shape, targets }] = await Array.fromAsync(batches.stream());
 * console.log(shape); // [ 1, 2, 4 ]
 * console.log(targets.join(" ")); // "2 3 4 5 2 3 4 5"
 * ```
 */
export function batch(options: BatchOptions): Stage<Sequence, Batch> {
  const { batchSize, gradAccum, seqLen } = options;
  for (const [name, value] of Object.entries(options)) {
    if (!Number.isSafeInteger(value) || value < 1) {
      throw new RangeError(`Cannot make batches: ${name} is ${value}: expected a whole number of at least 1`);
    }
  }
  const size = gradAccum * batchSize;
  return stage<Sequence, Batch, BatchState>({
    name: "batch",
    open: (_ctx, saved?: unknown) => restored(saved, seqLen + 1),
    push(sequence, state) {
      const { length } = sequence.ids;
      if (length !== seqLen + 1) {
        throw new RangeError(`Cannot batch a sequence of ${length} tokens: expected ${seqLen + 1}`);
      }
      if (state.skip > 0) {
        state.skip--;
        return [];
      }
      state.held.push(sequence);
      return full(state, options);
    },
    flush(state) {
      // A run that was resumed with a smaller size may hold several batches.
      const rest = full(state, options);
      if (state.batches > 0) return rest;
      throw new RangeError(
        `Cannot make a batch: the input has ${state.held.length} sequences, a step takes ${size} (${gradAccum} × ${batchSize}): ` +
          `give more text, or a smaller --batch-size or --seq-len`,
      );
    },
    save: ({ held, batches, skip }) => ({
      batches,
      size,
      ...(skip > 0 && { skip }),
      places: held.map(({ path, start }) => ({ path, start })),
      held: held.length === 0 ? null : new TensorFile("batch", {
        held: { shape: [held.length, seqLen + 1], data: flat(held) },
      }),
    }),
  });
}

/** Removes the full batches from the state and returns them. */
function full(state: BatchState, options: BatchOptions): Batch[] {
  const size = options.gradAccum * options.batchSize, batches: Batch[] = [];
  while (state.held.length >= size) batches.push(batchOf(state.held.splice(0, size), options));
  state.batches += batches.length;
  return batches;
}

function batchOf(sequences: readonly Sequence[], { batchSize, gradAccum, seqLen }: BatchOptions): Batch {
  const inputs = new Uint32Array(sequences.length * seqLen), targets = new Uint32Array(inputs.length);
  sequences.forEach(({ ids }, i) => {
    inputs.set(ids.subarray(0, seqLen), i * seqLen);
    targets.set(ids.subarray(1), i * seqLen);
  });
  const origins = sequences.map(({ path, start }) => ({ path, start, count: seqLen }));
  const total = sequences.at(-1)?.total;
  return {
    inputs,
    targets,
    origins,
    shape: [gradAccum, batchSize, seqLen],
    ...(total !== undefined && { total: Math.floor(total / (gradAccum * batchSize)) }),
  };
}

function flat(sequences: readonly Sequence[]): Uint32Array {
  const out = new Uint32Array(sequences.reduce((sum, { ids }) => sum + ids.length, 0));
  let at = 0;
  for (const { ids } of sequences) {
    out.set(ids, at);
    at += ids.length;
  }
  return out;
}

function restored(saved: unknown, length: number): BatchState {
  if (typeof saved !== "object" || saved === null || !("batches" in saved)) {
    return { held: [], batches: 0, skip: 0 };
  }
  const held: Sequence[] = [];
  if ("held" in saved && saved.held instanceof TensorFile) {
    const { data } = saved.held.tensors.held, places = "places" in saved ? saved.places : [];
    for (let at = 0; at < data.length; at += length) {
      held.push({ ids: Uint32Array.from(data.subarray(at, at + length)), ...placeOf(places, at / length) });
    }
  }
  const skip = "skip" in saved ? Number(saved.skip) : 0, dropped = held.splice(0, skip).length;
  return { held, batches: Number(saved.batches), skip: skip - dropped };
}

/**
 * Returns the origin of a saved sequence, which is "unknown" in checkpoints of earlier versions, which did
 * not save origins.
 */
function placeOf(places: unknown, i: number): Omit<Sequence, "ids"> {
  const place: unknown = Array.isArray(places) ? places[i] : undefined;
  return typeof place === "object" && place !== null && "path" in place && "start" in place
    ? { path: String(place.path), start: Number(place.start) }
    : { path: "unknown", start: 0 };
}
