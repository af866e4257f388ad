/**
 * The loss of a model that knows only how frequent each token is: what any training must beat.
 *
 * @module
 */
import { openTokens } from "./extents.ts";

/** A token file. */
export type TokenPath = Readonly<{ path: string; format?: "llmc" | "nanogpt" }>;

/** How often each id stands in token files. Throws RangeError for an id beyond the vocabulary. */
export function tokenCounts(files: readonly TokenPath[], vocabSize: number): Float64Array {
  const counts = new Float64Array(vocabSize);
  for (const from of files) {
    const file = openTokens(from);
    try {
      for (let start = 0; start < file.count; start += AT_A_TIME) {
        for (const id of file.read(start, Math.min(AT_A_TIME, file.count - start))) {
          if (id >= vocabSize) {
            throw new RangeError(
              `Cannot count ${from.path}: id ${id} is beyond the vocabulary of ${vocabSize}`,
            );
          }
          counts[id]++;
        }
      }
    } finally {
      file.close();
    }
  }
  return counts;
}

/**
 * Nats a token of `validation` under frequencies counted in `training`, each count raised by one so that none is 0.
 * Both hold one count an id.
 */
export function unigramLoss(training: Float64Array, validation: Float64Array): number {
  const total = training.reduce((sum, count) => sum + count + 1, 0);
  let nats = 0, tokens = 0;
  validation.forEach((count, id) => {
    if (count === 0) return;
    nats -= count * Math.log((training[id] + 1) / total);
    tokens += count;
  });
  return nats / tokens;
}

const AT_A_TIME = 1 << 20; // tokens: 4 MB
