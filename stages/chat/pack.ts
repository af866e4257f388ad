/**
 * The stage that packs rendered examples into rows of a fixed size.
 *
 * @module
 */
import { permutation } from "../../kernels/random/philox.ts";
import { TensorFile } from "../flow/checkpoint/checkpoint.ts";
import { type Context, type Stage, stage } from "../flow/stage.ts";
import { packRows } from "./pack_rows.ts";
import { hasTargets, type PackedRow, rowOf } from "./packed_row.ts";
import type { Rendered } from "./template/template.ts";

/** How examples are packed. */
export interface PackOptions {
  /** Number of ids in a row: one more than the model reads at once. */
  readonly size: number;
  /**
   * `none` (default): a row has one example. `best-fit`: several examples share a row, the longest first, so
   * that little space is left.
   */
  readonly packing?: "none" | "best-fit";
  /**
   * What happens to an example longer than a row: `cut` (default) keeps its beginning, `drop` drops it as
   * `too_long`.
   */
  readonly overlong?: "cut" | "drop";
  /** Number of examples that are shuffled and packed together. Default 1000, as in TRL. */
  readonly group?: number;
  /** Told of each example: the reason why it was dropped, or null if it was kept. */
  readonly onExample?: (reason: string | null) => void;
}

/** State of the stage. */
export interface PackState {
  /** Examples that wait for the group to be full. */
  pending: Rendered[];
  /** Number of groups so far. */
  groups: number;
  /** Number of examples that have been cut. */
  cut: number;
  /** Whether it has been said that examples are cut. */
  isTold: boolean;
}

/**
 * Packs examples into rows. Examples without a token that is trained on are dropped as `no_answer`, or as
 * `no_answer_left` if cutting removed it. Within a group of examples, rows come in an order that depends on
 * the run's seed and the number of the group.
 */
export function pack(options: PackOptions): Stage<Rendered, PackedRow> {
  const { size, overlong = "cut", group = 1000 } = options;
  return stage<Rendered, PackedRow, PackState>({
    name: "pack",
    open: (_ctx, saved?: unknown) => restored(saved),
    push(example, state, ctx) {
      const isLong = example.ids.length > size, kept = isLong ? cutTo(example, size) : example;
      const reason = !hasTargets(example)
        ? "no_answer"
        : isLong && overlong === "drop"
        ? "too_long"
        : hasTargets(kept)
        ? null
        : "no_answer_left";
      options.onExample?.(reason);
      if (reason !== null) {
        ctx.drop(example, reason);
        return [];
      }
      if (isLong) state.cut++;
      state.pending.push(kept);
      if (state.pending.length < group) return [];
      // A run may never reach the end of its input, so the first group already tells what is lost.
      if (state.cut > 0 && !state.isTold) tellCut(state, { of: group, size, ctx });
      return rowsOf(state, { options, ctx });
    },
    flush(state, ctx) {
      if (state.cut > 0) tellCut(state, { size, ctx });
      return rowsOf(state, { options, ctx });
    },
    save: ({ pending, groups, cut, isTold }) => ({
      groups,
      cut,
      isTold,
      ids: pending.map(({ id }) => id),
      lengths: pending.map(({ ids }) => ids.length),
      pending: pending.length === 0 ? null : new TensorFile("pack", {
        ids: flat(pending.map(({ ids }) => ids), Uint32Array),
        weights: flat(pending.map(({ weights }) => weights), Float32Array),
      }),
    }),
  });
}

function tellCut(
  state: PackState,
  { of, size, ctx }: { readonly of?: number; readonly size: number; readonly ctx: Context },
): void {
  state.isTold = true;
  const { cut } = state, share = of === undefined ? "" : ` of the first ${of}`;
  ctx.emit({
    type: "note",
    text: `${cut} example${cut === 1 ? "" : "s"}${share} ${cut === 1 ? "was" : "were"} cut to ${size} tokens`,
  });
}

function cutTo({ id, ids, weights }: Rendered, size: number): Rendered {
  return { id, ids: ids.slice(0, size), weights: weights.slice(0, size) };
}

/** Removes the pending examples from the state and returns their rows. */
function rowsOf(
  state: PackState,
  { options: { size, packing = "none" }, ctx }: { readonly options: PackOptions; readonly ctx: Context },
): readonly PackedRow[] {
  const examples = state.pending.splice(0), name = `pack.${state.groups++}`;
  const rows = packing === "none"
    ? examples.map((example) => rowOf([example], size))
    : packRows(examples.map(({ ids }) => ids.length), { size })
      .map((row) => rowOf(row.map(({ document }) => examples[document]), size));
  return Array.from(permutation(ctx.seed, name, rows.length), (i) => rows[i]);
}

function flat<A extends Uint32Array | Float32Array>(
  arrays: readonly A[],
  type: new (length: number) => A,
): { readonly shape: readonly [number]; readonly data: A } {
  const data = new type(arrays.reduce((sum, { length }) => sum + length, 0));
  let at = 0;
  for (const array of arrays) {
    data.set(array, at);
    at += array.length;
  }
  return { shape: [data.length], data };
}

function restored(saved: unknown): PackState {
  const state: PackState = { pending: [], groups: 0, cut: 0, isTold: false };
  if (typeof saved !== "object" || saved === null) return state;
  const { groups, cut, isTold, ids, lengths, pending } = saved as Record<string, unknown>;
  Object.assign(state, { groups: Number(groups), cut: Number(cut), isTold: isTold === true });
  if (!(pending instanceof TensorFile) || !Array.isArray(ids) || !Array.isArray(lengths)) return state;
  const { data: tokens } = pending.tensors.ids, { data: weights } = pending.tensors.weights;
  let at = 0;
  for (const [i, id] of ids.entries()) {
    const end = at + Number(lengths[i]);
    state.pending.push({
      id: String(id),
      ids: Uint32Array.from(tokens.subarray(at, end)),
      weights: Float32Array.from(weights.subarray(at, end)),
    });
    at = end;
  }
  return state;
}
