/**
 * The options of nanochat's model, one row each. Source: karpathy/nanochat, gpt.py, `GPTConfig`.
 *
 * @module
 */
import { configFault, type ConfigOf, type FullConfig, withDefaults } from "./model_options.ts";
import { keyHeadsRow, sizeRows } from "./size_rows.ts";

/** Number of channels that the gate of the token before reads. */
export const SMEAR_CHANNELS = 24;

/** Every option of `nanochat`. */
export const nanochatOptions = {
  layers: { ...sizeRows.layers, value: 12 },
  heads: {
    kind: "size",
    about: "attention heads of queries per block; must divide --channels",
    unit: "heads",
    required: true,
    value: 6,
    min: 1,
    max: 1000,
  },
  keyHeads: { ...keyHeadsRow, value: 6 },
  channels: { ...sizeRows.channels, value: 768, min: SMEAR_CHANNELS },
  seqLen: { ...sizeRows.seqLen, value: 2048 },
  vocabSize: { ...sizeRows.vocabSize, value: 32768 },
  windowPattern: {
    kind: "choice",
    about:
      "which blocks have a window of a quarter of the sequence (S) or none (L), repeated; the last has none",
    value: "SSSL",
    choices: ["SSSL", "L", "SL", "SSL", "SSSSL", "SSSSSL", "S", "LS", "SLL", "SSLL"],
  },
  vocabPad: { ...sizeRows.vocabPad, value: 64 },
} as const;

/** Configuration of nanochat's model, with its windows, by which it is told from other models. */
export type NanochatConfig = ConfigOf<typeof nanochatOptions> & {
  readonly windowPattern: typeof nanochatOptions.windowPattern.choices[number];
};

/** A configuration with every option. */
export type FullNanochatConfig = FullConfig<typeof nanochatOptions>;

/** Describes what is wrong with a configuration, and what is expected; null if it is valid. */
export function nanochatFault(config: Readonly<Record<string, unknown>>): string | null {
  const fault = configFault(nanochatOptions, config);
  if (fault !== null) return fault;
  const { heads, keyHeads, channels } = withDefaults(nanochatOptions, config as NanochatConfig);
  if (heads % keyHeads !== 0) {
    return `keyHeads is ${keyHeads}, expected a divisor of the ${heads} heads of queries, for example 1`;
  }
  if (channels % (2 * heads) !== 0) {
    return `channels is ${channels}, expected an even multiple of the ${heads} heads, for example ${
      2 * heads * 16
    }`;
  }
  return null;
}

const TILE = 128; // nanochat rounds windows up to a multiple of it

/** Returns the window of each block: tokens before a query that it attends to; null for all. */
export function nanochatWindows(
  { layers, seqLen, windowPattern }: Pick<FullNanochatConfig, "layers" | "seqLen" | "windowPattern">,
): readonly (number | null)[] {
  const short = Math.ceil(Math.ceil(seqLen / 4) / TILE) * TILE;
  return Array.from({ length: layers }, (_, i) => {
    const isShort = windowPattern[i % windowPattern.length] === "S" && i < layers - 1;
    return isShort && short < seqLen ? short : null;
  });
}

/** Returns whether a block has value embeddings: every other one, the last included. */
export function hasValueEmbedding(i: number, layers: number): boolean {
  return i % 2 === (layers - 1) % 2;
}
