/**
 * Sizes of the programs that score rows of different lengths. A row runs in the program with the shortest
 * length that fits, and one run of a program takes as many rows as give the wanted number of tokens.
 *
 * @module
 */

/** Number of rows in one run of a program, and their padded length. */
export type ScoringShape = readonly [rows: number, length: number];

/**
 * Returns the shapes of lengths 32, 64, 128, … and the model's sequence length, ascending: a row of 32 tokens
 * or more is padded to less than twice its length. `tokens` is the wanted number of tokens in one run.
 */
export function scoringShapes(
  seqLen: number,
  { tokens }: { readonly tokens: number },
): readonly ScoringShape[] {
  const lengths: number[] = [];
  for (let length = 32; length < seqLen; length *= 2) lengths.push(length);
  return [...lengths, seqLen].map((length) => [Math.max(1, Math.floor(tokens / length)), length]);
}

/** Returns the name of a shape's program. */
export function scoringProgram([, length]: ScoringShape): string {
  return `score/${length}`;
}
