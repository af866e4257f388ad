/**
 * Adds tensors of a session over all ranks.
 *
 * @module
 */
import type { Ranks, SumOrder } from "../../dist/ranks.ts";
import type { Session } from "../engine.ts";

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
    for (const tensor of tensors) if (!small.includes(tensor)) await ranks.sum(tensor, order);
    const own = Float32Array.of(Number(stops), ...small.flatMap((tensor) => [...tensor]));
    const [wishes, ...sums] = addRows(await ranks.gather(own), own.length);
    anyStops = wishes > 0;
    for (const tensor of small) tensor.set(sums.splice(0, tensor.length));
  });
  return anyStops;
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
