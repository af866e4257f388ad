/**
 * Collects packed rows into the batches of optimizer steps.
 *
 * @module
 */
import { TensorFile } from "../flow/checkpoint/checkpoint.ts";
import { type Stage, stage } from "../flow/stage.ts";
import type { Batch } from "../items.ts";
import type { PackedRow } from "./packed_row.ts";

/** State of the stage. */
export interface RowBatchesState {
  /** Rows of the batch that is not full yet. */
  held: PackedRow[];
}

/** How batches are made. */
export interface RowBatchesOptions {
  /** Whether batches say where documents begin, so that these stay apart. Default false. */
  readonly segmented?: boolean;
}

/**
 * Turns rows of `T + 1` ids into batches [A, B, T]. The weight of a target is that of its id; the first id of
 * a document is no target, because the id before it belongs to another. A batch that is incomplete at the end
 * of the input is filled up with empty rows, which do not count. Throws RangeError for a row of another size.
 */
export function rowBatches(
  shape: Batch["shape"],
  { segmented = false }: RowBatchesOptions = {},
): Stage<PackedRow, Batch> {
  const [accum, batch, seqLen] = shape, size = accum * batch;
  return stage<PackedRow, Batch, RowBatchesState>({
    name: "batch",
    open: (_ctx, saved?: unknown) => ({ held: restored(saved, seqLen + 1) }),
    push(row, state) {
      if (row.ids.length !== seqLen + 1) {
        throw new RangeError(`Cannot batch a row of ${row.ids.length} ids: expected ${seqLen + 1}`);
      }
      state.held.push(row);
      return state.held.length < size ? [] : [batchOfRows(state.held.splice(0, size), { shape, segmented })];
    },
    flush: (state) =>
      state.held.length === 0 ? [] : [batchOfRows(state.held.splice(0), { shape, segmented })],
    save: ({ held }) =>
      held.length === 0 ? { held: null } : {
        held: new TensorFile("batch", {
          ids: {
            shape: [held.length, seqLen + 1],
            data: joined(held, "ids", new Uint32Array(held.length * (seqLen + 1))),
          },
          segments: {
            shape: [held.length, seqLen + 1],
            data: joined(held, "segments", new Uint32Array(held.length * (seqLen + 1))),
          },
          weights: {
            shape: [held.length, seqLen + 1],
            data: joined(held, "weights", new Float32Array(held.length * (seqLen + 1))),
          },
        }),
      },
  });
}

/** Returns the batch of rows of `T + 1` ids, filled up with empty rows. */
export function batchOfRows(
  rows: readonly PackedRow[],
  { shape, segmented = false }: RowBatchesOptions & { readonly shape: Batch["shape"] },
): Batch & { readonly mask: Float32Array } {
  const [accum, batch, seqLen] = shape, count = accum * batch * seqLen;
  const inputs = new Uint32Array(count), targets = new Uint32Array(count), mask = new Float32Array(count);
  rows.forEach(({ ids, weights, segments }, row) => {
    inputs.set(ids.subarray(0, seqLen), row * seqLen);
    targets.set(ids.subarray(1), row * seqLen);
    for (let t = 0; t < seqLen; t++) {
      if (segments[t] === segments[t + 1]) mask[row * seqLen + t] = weights[t + 1];
    }
  });
  if (!segmented) return { inputs, targets, mask, shape };
  const begins = new Uint32Array(count);
  for (let i = 0; i < count; i++) {
    const t = i % seqLen, own = rows[Math.floor(i / seqLen)]?.segments;
    begins[i] = t > 0 && own?.[t] === own?.[t - 1] ? begins[i - 1] : t;
  }
  return { inputs, targets, mask, shape, segments: begins };
}

function joined<A extends Uint32Array | Float32Array>(
  rows: readonly PackedRow[],
  key: keyof PackedRow,
  into: A,
): A {
  rows.forEach((row, i) => into.set(row[key], i * row[key].length));
  return into;
}

function restored(saved: unknown, length: number): PackedRow[] {
  if (typeof saved !== "object" || saved === null || !("held" in saved)) return [];
  if (!(saved.held instanceof TensorFile)) return [];
  const { ids, weights, segments } = saved.held.tensors, rows: PackedRow[] = [];
  for (let at = 0; at < ids.data.length; at += length) {
    rows.push({
      ids: Uint32Array.from(ids.data.subarray(at, at + length)),
      weights: Float32Array.from(weights.data.subarray(at, at + length)),
      segments: Uint32Array.from(segments.data.subarray(at, at + length)),
    });
  }
  return rows;
}
