/**
 * Sizes of the programs that score rows of different length: the shortest that a row fits is taken, and as many rows at
 * once as make the wanted number of tokens.
 *
 * @module
 */

/** Rows and length of a program. */
export type ScoringShape = readonly [rows: number, length: number];

/** Shapes for lengths 32, 64, 128, … and the model's own, ascending: a row is padded to less than twice its length. */
export function scoringShapes(
  seqLen: number,
  { tokens }: { readonly tokens: number },
): readonly ScoringShape[] {
  const lengths: number[] = [];
  for (let length = 32; length < seqLen; length *= 2) lengths.push(length);
  return [...lengths, seqLen].map((length) => [Math.max(1, Math.floor(tokens / length)), length]);
}

/** The program of a shape. */
export function scoringProgram([, length]: ScoringShape): string {
  return `score/${length}`;
}
