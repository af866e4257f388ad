/**
 * Exercise EX1: all heads of attention in one tensor.
 *
 * @module
 */
import { TorchRandom } from "../../../kernels/random/torch_random.ts";
import type { Engine } from "../../../kernels/engine/engine.ts";
import { check, type Item, say } from "../item.ts";
import { largestDifference, mixedByAttention, type Sizes } from "./averaging.ts";
import { randomHead } from "./head.ts";

/** Four heads one after another and side by side, and all in one call whose channels are the heads' laid end to end. */
export async function* headsAsOne(open: () => Promise<Engine>, seed: number): AsyncGenerator<Item> {
  const engine = await open(), random = new TorchRandom(seed);
  const sizes: Sizes = [4, 8, 32], [batch, time, channels] = sizes, heads = 4, width = channels / heads;
  const x = random.randn(batch * time * channels);
  const each = Array.from({ length: heads }, () => randomHead(x, { sizes, width, random }));
  yield say(
    "A list of heads runs one small product after another. But the heads do not depend on each other: lay their channels end to end, [B, T, heads × width], and let one kernel count heads as it counts the sequences of a batch. That is what `kernels/ops/attention/attention.ts` does.",
  );
  const apart: Float32Array[] = [];
  for (const head of each) {
    apart.push(await mixedByAttention(engine, { ...head, sizes: [batch, time, width] }));
  }
  const together = await mixedByAttention(engine, {
    queries: sideBySide(each.map(({ queries }) => queries), width),
    keys: sideBySide(each.map(({ keys }) => keys), width),
    values: sideBySide(each.map(({ values }) => values), width),
    sizes,
    heads,
  });
  yield check({
    name: "four heads apart and as one: largest difference",
    ours: largestDifference(sideBySide(apart, width), together),
    lecture: 0,
    within: 1e-6,
    source: "exercise EX1",
  });
}

/** Lists of rows of `width` as one list whose rows are theirs end to end. */
function sideBySide(parts: readonly Float32Array[], width: number): Float32Array {
  const out = new Float32Array(parts.length * parts[0].length), wide = parts.length * width;
  parts.forEach((part, i) => {
    for (let at = 0; at < part.length; at++) {
      out[Math.floor(at / width) * wide + i * width + at % width] = part[at];
    }
  });
  return out;
}
