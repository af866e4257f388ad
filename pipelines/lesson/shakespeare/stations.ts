/**
 * The way from one head of attention to a GPT: each station adds one part to the model before it.
 *
 * @module
 */
import type { CharGptConfig } from "../../../kernels/models/course/char_gpt.ts";

/** A model on the way. */
export interface Station {
  readonly name: string;
  /** What is new, and why. */
  readonly adds: string;
  readonly config: Omit<CharGptConfig, "vocabSize">;
  /** The lecture's validation loss; null: it gives none. */
  readonly lecture: number | null;
}

/** Of every station: 32 excerpts of 8 characters a step, 32 channels, rate 1e-3. */
export const stationShape = [32, 8] as const;
export const stationRate = 1e-3;

const bare = {
  seqLen: 8,
  channels: 32,
  heads: 4,
  layers: 1,
  feedForward: false,
  residual: false,
  norm: false,
} as const;
const blocks = { seqLen: 8, channels: 32, heads: 4, layers: 3 } as const;

/** In the lecture's order. */
export const stations: readonly Station[] = [
  {
    name: "one head",
    adds:
      "Characters and places get 32 numbers each; one head of attention mixes them, and a linear layer makes logits of what comes out.",
    config: { ...bare, heads: 1 },
    lecture: 2.4,
  },
  {
    name: "four heads",
    adds:
      "Four heads of 8 channels side by side instead of one of 32: as many parameters, but four conversations at once. One may look for vowels while another looks for the last line break.",
    config: bare,
    lecture: 2.28,
  },
  {
    name: "feed-forward",
    adds:
      "So far a position went from what it heard straight to logits. A linear layer and a ReLU for each position let it think about it first.",
    config: { ...bare, feedForward: true },
    lecture: 2.24,
  },
  {
    name: "residual, 3 blocks",
    adds:
      "Attention and thinking become a block, and there are three. Deep nets are hard to train, so each part adds to a stream that runs through: an addition hands its gradient on to both sides as it is. Each part ends in a projection into the stream, and thinking gets four times the room.",
    config: { ...blocks, norm: false },
    lecture: 2.08,
  },
  {
    name: "layer norm",
    adds:
      "Each position's channels are brought to mean 0 and variance 1 before each part and before the head (the paper of 2017 did so after each part).",
    config: blocks,
    lecture: 2.06,
  },
  {
    name: "dropout",
    adds:
      "In training, a fifth of attention's weights and of what each part gives is set to 0. It keeps large models from learning the text by heart; this one is too small for that, and only gets slower.",
    config: { ...blocks, dropout: .2 },
    lecture: null,
  },
];

/** The model at the end of the lecture's notebook. */
export const notebookModel: Omit<CharGptConfig, "vocabSize"> = {
  seqLen: 32,
  channels: 64,
  heads: 4,
  layers: 4,
  scaled: "channels",
};
export const notebookShape = [16, 32] as const;

/** The model at the end of the lecture, gpt.py's. */
export const fullModel: Omit<CharGptConfig, "vocabSize"> = {
  seqLen: 256,
  channels: 384,
  heads: 6,
  layers: 6,
  dropout: .2,
};
export const fullShape = [64, 256] as const;
