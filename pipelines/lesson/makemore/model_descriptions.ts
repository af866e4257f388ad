/**
 * Descriptions of the lesson's models, and their published parameter counts.
 *
 * @module
 */
import type { MakemoreType } from "../../../kernels/models/course/makemore.ts";
import type { MakemoreHyperparameters } from "./makemore_model.ts";

/**
 * All models in the order of the lesson. Each model makes more use of the letters before a position than the
 * previous model.
 */
export const lessonTypes: readonly MakemoreType[] = [
  "bigram",
  "bow",
  "mlp",
  "rnn",
  "gru",
  "lstm",
  "transformer",
];

/**
 * Parameter counts of makemore.py's models with its default sizes, 27 symbols and words of at most 15
 * letters. The count is null for a model that makemore.py does not have.
 */
export const makemoreParameters: Readonly<Record<MakemoreType, number | null>> = {
  bigram: 729,
  bow: 12_827,
  mlp: 69_147,
  rnn: 11_803,
  gru: 28_315,
  lstm: null,
  transformer: 204_544,
};

/**
 * Describes how a model uses the letters before a position. `symbols` is the number of letters plus 1 for the
 * boundary mark.
 */
export function modelDescription(
  type: MakemoreType,
  { nLayer, nHead, nEmbd2, symbols }:
    & Pick<MakemoreHyperparameters, "nLayer" | "nHead" | "nEmbd2">
    & { readonly symbols: number },
): string {
  switch (type) {
    case "bigram":
      return "A table with a row of logits for each letter. It sees the last letter and nothing else. This is the table of the lesson `makemore-bigram`, trained by gradient descent.";
    case "bow":
      return "A bag of words. Each letter and each position has a vector. The model adds the mean of all vectors so far to each position. So it knows which letters came before, but hardly in which order.";
    case "mlp":
      return `The net of Bengio et al. 2003, as in the lesson \`makemore-mlp\`. Its context is as long as a row. Positions before the word hold a special symbol, so the embedding table has ${
        symbols + 1
      } rows instead of ${symbols}.`;
    case "rnn":
      return `A recurrent net. It reads the word letter by letter and keeps a state of ${nEmbd2} numbers. Each letter changes the state through one layer. The context can have any length, but letters from long ago have passed through many tanh functions.`;
    case "gru":
      return "A recurrent net with two gates. At each letter, the first gate decides how much of the old state the proposed new state uses. The second gate decides how much of the proposal replaces the old state. Both decide for each number of the state separately.";
    case "lstm":
      return "A recurrent net that is not in makemore.py, but in the older program char-rnn. It keeps a memory beside the state. Gates only scale this memory and add to it, so gradients can reach letters from long ago.";
    case "transformer":
      return `A small GPT-2. Each position attends to all positions before it and takes information from those that matter. Number of layers: ${nLayer}. Attention heads in each layer: ${nHead}. The lesson \`shakespeare\` builds such a model step by step.`;
  }
}
