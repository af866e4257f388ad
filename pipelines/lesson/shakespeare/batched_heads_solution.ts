/**
 * Exercise EX1: all attention heads in one tensor.
 *
 * @module
 */
import { TorchRandom } from "../../../kernels/random/torch_random.ts";
import { largestDifference } from "../../../kernels/models/course/matrix.ts";
import type { Engine } from "../../../kernels/engine/engine.ts";
import { check, code, type Item, say } from "../item.ts";
import { randomHead } from "./attention_head.ts";
import { mixedByAttention, type SequenceShape } from "./averaging.ts";

/** Computes four heads one by one and in one call, and compares the outputs. */
export async function* batchedHeadsSolution(
  openEngine: () => Promise<Engine>,
  seed: number,
): AsyncGenerator<Item> {
  const engine = await openEngine(), random = new TorchRandom(seed);
  const shape: SequenceShape = [4, 8, 32], [batch, time, channels] = shape, count = 4;
  const width = channels / count, x = random.randn(batch * time * channels);
  const heads = Array.from({ length: count }, () => randomHead(x, { shape, width, random }));
  yield say(
    "A list of heads computes one small product after another. But the heads do not depend on each other. So their channels can stand side by side in one tensor, [B, T, heads × width], and one kernel can process the heads like the sequences of a batch. The op in `kernels/ops/attention/attention.ts` does this.",
  );
  yield code("pipelines/lesson/shakespeare/averaging.ts", "mixedByAttention");
  const separate: Float32Array[] = [];
  for (const head of heads) {
    separate.push(await mixedByAttention(engine, { ...head, shape: [batch, time, width] }));
  }
  const together = await mixedByAttention(engine, {
    queries: sideBySide(heads.map(({ queries }) => queries), width),
    keys: sideBySide(heads.map(({ keys }) => keys), width),
    values: sideBySide(heads.map(({ values }) => values), width),
    shape,
    heads: count,
  });
  yield check({
    name: "four separate heads and one tensor of heads: largest difference",
    ours: largestDifference(sideBySide(separate, width), together),
    lecture: 0,
    within: 1e-6,
    source: "exercise EX1",
  });
}

/** Joins matrices [rows, width] side by side into one matrix [rows, parts · width]. */
function sideBySide(parts: readonly Float32Array[], width: number): Float32Array {
  const joined = new Float32Array(parts.length * parts[0].length), joinedWidth = parts.length * width;
  parts.forEach((part, i) => {
    for (let at = 0; at < part.length; at++) {
      joined[Math.floor(at / width) * joinedWidth + i * width + at % width] = part[at];
    }
  });
  return joined;
}
