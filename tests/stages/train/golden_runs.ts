/**
 * Runs whose numbers were published or computed by other programs; the golden tests repeat them on every
 * engine.
 *
 * @module
 */
import { type LlmcModel, readLlmcModel } from "../../../stages/format/model/llmc_model.ts";
import type { Batch } from "../../../stages/items.ts";

/** Sizes of the run that needs no weight file. */
const sizes = { seqLen: 16, vocabSize: 65, layers: 2, heads: 2, channels: 32, paddedVocabSize: 65 };

/** A run that PyTorch computed in float64 from weights and tokens given by formulas. */
export const weightFree = {
  learningRate: 1e-3,
  losses: [
    4.2476302,
    4.1294909,
    4.0747483,
    4.017994,
    3.9601388,
    3.9076408,
    3.8441519,
    3.7819658,
    3.7245584,
    3.6761789,
    3.6451976,
  ],
  norms: [2.109122, .938031, 1.039545, 1.180887, 1.190997, 1.390002, 1.413386, 1.610825, 1.398743, 1.87688],
  logits: [.45930223, -.44884762, .36440321],
  wteGradient: [-.01344837, -.00376770],
};

/**
 * Returns a model of 28,064 parameters. Element `i` of the k-th tensor is `0.1·sin(0.7i + k)`, plus 1 for the
 * gains of norms. Tensors are in llm.c's order, which concatenates the same tensor of all layers.
 */
export async function weightFreeModel(): Promise<LlmcModel> {
  const { seqLen, vocabSize, layers, channels: c } = sizes;
  const perLayer = [c, c, 3 * c * c, 3 * c, c * c, c, c, c, 4 * c * c, 4 * c, 4 * c * c, c];
  const counts = [vocabSize * c, seqLen * c, ...perLayer.map((n) => n * layers), c, c];
  const gains = [2, 8, 14];
  const file = new Float32Array(256 + counts.reduce((a, b) => a + b));
  const header = [20240326, 3, seqLen, vocabSize, layers, sizes.heads, c, vocabSize];
  new Int32Array(file.buffer).set(header);
  let at = 256;
  counts.forEach((count, k) => {
    for (let i = 0; i < count; i++) {
      file[at++] = 0.1 * Math.sin(0.7 * i + k) + (gains.includes(k) ? 1 : 0);
    }
  });
  const path = await Deno.makeTempFile({ suffix: ".bin" });
  try {
    await Deno.writeFile(path, new Uint8Array(file.buffer));
    return await readLlmcModel(path);
  } finally {
    await Deno.remove(path);
  }
}

/**
 * Returns a batch of 4 sequences of 16 tokens: token (`b`, `t`) is `(7b² + 3t + t²) mod 65`, and its target
 * is token (`b`, `t + 1`).
 */
export function weightFreeBatch(): Batch {
  const { seqLen } = sizes;
  const token = (b: number, t: number) => (7 * b * b + 3 * t + t * t) % 65;
  const all = (shift: number) =>
    Uint32Array.from({ length: 4 * seqLen }, (_, i) => token(Math.floor(i / seqLen), i % seqLen + shift));
  return { inputs: all(0), targets: all(1), shape: [1, 4, seqLen] };
}
