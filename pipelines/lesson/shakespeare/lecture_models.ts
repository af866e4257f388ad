/**
 * The models of the lecture in the lecture's order. Each model adds one part to the previous model.
 *
 * @module
 */
import type { CharGptConfig } from "../../../kernels/models/course/char_gpt.ts";

/** Configuration of a model without the size of its alphabet, which depends on the text. */
export type CharGptShape = Omit<CharGptConfig, "vocabSize">;

/** A model of the lecture. */
export interface LectureModel {
  readonly name: string;
  /** The new part of this model, and its purpose. */
  readonly adds: string;
  readonly config: CharGptShape;
  /** Validation loss in the lecture, in nats per character; null if the lecture gives none. */
  readonly lecture: number | null;
}

/** Batch shape of all small models: 32 excerpts of 8 characters per step. */
export const smallBatch = [32, 8] as const;

/** Learning rate of the small models. */
export const smallModelRate = 1e-3;

const withoutParts = {
  seqLen: 8,
  channels: 32,
  heads: 4,
  layers: 1,
  feedForward: false,
  residual: false,
  norm: false,
} as const;
const blocks = { seqLen: 8, channels: 32, heads: 4, layers: 3 } as const;

/** The small models, from one head of attention to blocks with dropout. */
export const lectureModels: readonly LectureModel[] = [
  {
    name: "one head",
    adds:
      "Each character and each position has a vector of 32 numbers. One head of attention mixes the positions, and a linear layer turns the result into logits.",
    config: { ...withoutParts, heads: 1 },
    lecture: 2.4,
  },
  {
    name: "four heads",
    adds:
      "Four heads of 8 channels work side by side instead of one head of 32 channels. The heads can look for different things. For example, one can look for vowels and another for the last line break.",
    config: withoutParts,
    lecture: 2.28,
  },
  {
    name: "feed-forward",
    adds:
      "Until now, the output of attention went directly to the layer that makes the logits. Now a linear layer and a ReLU process it first, at each position separately.",
    config: { ...withoutParts, feedForward: true },
    lecture: 2.24,
  },
  {
    name: "residual, 3 blocks",
    adds:
      "Attention and the feed-forward layer form a block, and the model has three blocks. Deep nets are hard to train. So each part adds its output to a stream that runs through the whole net, because an addition passes its gradient unchanged to both inputs. Each part ends in a linear layer that projects its output into the stream. The feed-forward layer becomes four times as wide.",
    config: { ...blocks, norm: false },
    lecture: 2.08,
  },
  {
    name: "layer norm",
    adds:
      "Layer norm gives the channels of each position mean 0 and variance 1. It stands before each part of a block and before the last linear layer. (In the paper of 2017 it stands after each part.)",
    config: blocks,
    lecture: 2.06,
  },
  {
    name: "dropout",
    adds:
      "In training, a fifth of the attention weights and of each part's outputs is set to 0 at random. This keeps large models from overfitting, that is, from learning the training text by heart.",
    config: { ...blocks, dropout: .2 },
    lecture: null,
  },
];

/** The last model of the lecture's notebook. */
export const notebookModel: CharGptShape = {
  seqLen: 32,
  channels: 64,
  heads: 4,
  layers: 4,
  scaled: "channels",
};

/** Batch shape of the notebook's model. */
export const notebookBatch = [16, 32] as const;

/** The last model of the lecture, from gpt.py. */
export const largeModel: CharGptShape = {
  seqLen: 256,
  channels: 384,
  heads: 6,
  layers: 6,
  dropout: .2,
};

/** Batch shape of the large model. */
export const largeBatch = [64, 256] as const;
