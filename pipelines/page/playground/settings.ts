/**
 * What a person chooses in the playground: text, tokens, sizes, and how to train.
 *
 * @module
 */

/** A text of the playground, or the person's own. */
export const textNames = ["speeches", "names", "own"] as const;
/** Kinds of tokens: characters, bytes, or byte pairs learned from the text. */
export const tokenKinds = ["char", "byte", "bpe"] as const;

/** All choices of a run. */
export interface Settings {
  /** Which text. */
  readonly text: typeof textNames[number];
  /** Kind of tokens. */
  readonly tokens: typeof tokenKinds[number];
  /** Size of a learned vocabulary in tokens, for `bpe`. */
  readonly vocab: number;
  /** Number of blocks. */
  readonly layers: number;
  /** Number of attention heads per block; divides `channels`. */
  readonly heads: number;
  /** Width of the model. */
  readonly channels: number;
  /** Tokens that the model sees at once. */
  readonly context: number;
  /** Sequences per update. */
  readonly batch: number;
  /** Highest learning rate; it rises for the first twentieth of the run, then falls to a tenth. */
  readonly lr: number;
  /** Number of updates. */
  readonly steps: number;
  /** Seed of all random numbers. */
  readonly seed: number;
}

/** The settings that are numbers. */
export type NumberSetting = { [K in keyof Settings]: Settings[K] extends number ? K : never }[keyof Settings];

/** How a number is chosen. */
export interface NumberRange {
  /** Name for people. */
  readonly label: string;
  /** One sentence on what the number does. */
  readonly about: string;
  readonly min: number;
  readonly max: number;
  /** Whether only whole numbers are allowed. */
  readonly whole: boolean;
}

/** The ranges of all numbers. */
export const ranges: Readonly<Record<NumberSetting, NumberRange>> = {
  vocab: {
    label: "Vocabulary",
    about: "Tokens of the vocabulary that is learned from the text.",
    min: 257,
    max: 8192,
    whole: true,
  },
  layers: { label: "Layers", about: "Blocks, one after another.", min: 1, max: 24, whole: true },
  heads: {
    label: "Heads",
    about: "Attention heads per block; must divide the channels.",
    min: 1,
    max: 32,
    whole: true,
  },
  channels: { label: "Channels", about: "Numbers that stand for a token.", min: 4, max: 1024, whole: true },
  context: {
    label: "Context",
    about: "Tokens that the model sees when it predicts the next one.",
    min: 1,
    max: 1024,
    whole: true,
  },
  batch: { label: "Batch", about: "Sequences per update.", min: 1, max: 256, whole: true },
  lr: {
    label: "Learning rate",
    about: "How far an update moves the weights.",
    min: 1e-6,
    max: 10,
    whole: false,
  },
  steps: { label: "Updates", about: "Length of the run.", min: 1, max: 1_000_000, whole: true },
  seed: { label: "Seed", about: "The same seed gives the same run.", min: 0, max: 2 ** 31 - 1, whole: true },
};

/** Settings that show words within seconds, and end within a minute on two idle cores. */
export const defaults: Settings = {
  text: "speeches",
  tokens: "bpe",
  vocab: 512,
  layers: 3,
  heads: 4,
  channels: 96,
  context: 64,
  batch: 8,
  lr: 3e-3,
  steps: 1000,
  seed: 1337,
};

/** Says what is wrong with settings and what to choose instead; null if nothing is. */
export function settingsFault(settings: Settings): string | null {
  for (const [name, { label, min, max, whole }] of numberRanges()) {
    const value = settings[name];
    if (value >= min && value <= max && (!whole || Number.isInteger(value))) continue;
    return `${label} is ${value}: choose a ${whole ? "whole number" : "number"} from ${min} to ${max}`;
  }
  const { channels, heads } = settings;
  if (channels % heads !== 0) {
    return `${channels} channels cannot be divided among ${heads} heads: choose ${
      nearestMultiple(channels, heads)
    } channels`;
  }
  return null;
}

/** Returns the ranges as pairs. */
export function numberRanges(): readonly (readonly [NumberSetting, NumberRange])[] {
  return (Object.keys(ranges) as NumberSetting[]).map((name) => [name, ranges[name]]);
}

function nearestMultiple(channels: number, heads: number): number {
  const { min, max } = ranges.channels;
  const multiple = Math.max(1, Math.round(channels / heads)) * heads;
  if (multiple < min) return Math.ceil(min / heads) * heads;
  return multiple > max ? Math.floor(max / heads) * heads : multiple;
}
