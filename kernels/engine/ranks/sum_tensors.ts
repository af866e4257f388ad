/**
 * Adds tensors of a session over all ranks.
 *
 * @module
 */
import type { Ranks, SumOrder } from "../../dist/ranks.ts";
import type { PackRange, Session } from "../engine.ts";

const SMALL = 256; // elements; a sum of so few is a single message that also carries the wish to stop

/**
 * Replaces tensors by their sums over all ranks, which all call this with the same labels. Returns whether
 * any rank has been asked to stop; `stops` says whether this one has.
 */
export async function sumTensors(
  session: Session,
  { ranks, labels, order, stops }: {
    readonly ranks: Ranks;
    readonly labels: readonly string[];
    readonly order: SumOrder;
    readonly stops: boolean;
  },
): Promise<boolean> {
  let anyStops = false;
  await session.change(labels, async (tensors) => {
    const small = tensors.filter(({ length }) => length <= SMALL);
    for (const tensor of tensors) if (!small.includes(tensor)) await ranks.sum(tensor, { order });
    const own = Float32Array.of(Number(stops), ...small.flatMap((tensor) => [...tensor]));
    const [wishes, ...sums] = addRows(await ranks.gather(own), own.length);
    anyStops = wishes > 0;
    for (const tensor of small) tensor.set(sums.splice(0, tensor.length));
  });
  return anyStops;
}

/**
 * Replaces tensors by their sums over all ranks while later runs, which do not use them, go on. The work is
 * done little by little, so that it takes next to nothing from the threads that compute.
 */
export async function beginSum(
  session: Session,
  { ranks, ranges, order }: {
    readonly ranks: Ranks;
    readonly ranges: readonly PackRange[];
    readonly order: SumOrder;
  },
): Promise<void> {
  await session.change(ranges.flat(), async (ends) => {
    // All at once, since the sums of the next part must come after these in every rank.
    await Promise.all(
      ranges.map((_, i) => ranks.sum(endToEnd(ends[2 * i], ends[2 * i + 1]), { order, aside: true })),
    );
  }, { aside: true });
}

/** Returns all floats from the beginning of one tensor to the end of another in the same memory. */
function endToEnd(first: Float32Array, last: Float32Array): Float32Array {
  const bytes = last.byteOffset + last.byteLength - first.byteOffset;
  return new Float32Array(first.buffer, first.byteOffset, bytes / 4);
}

/** Adds rows of `length` numbers in the order of the tree: see kernels/dist/sum_wasm.ts. */
function addRows(all: Float32Array, length: number): Float32Array {
  const rows = all.length / length;
  for (let apart = 1; apart < rows; apart *= 2) {
    for (let row = 0; row + apart < rows; row += 2 * apart) {
      for (let i = 0; i < length; i++) all[row * length + i] += all[(row + apart) * length + i];
    }
  }
  return all.subarray(0, length);
}
