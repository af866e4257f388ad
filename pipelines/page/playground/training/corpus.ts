/**
 * A text as a run needs it: a tokenizer, tokens to train on, and tokens that are held out.
 *
 * @module
 */
import { uniformAt } from "../../../../kernels/random/philox.ts";
import type { Batch } from "../../../../stages/items.ts";
import { byteTokenizer } from "../../../../stages/token/byte.ts";
import { CharTokenizer } from "../../../../stages/token/char.ts";
import { BpeTrainer } from "../../../../stages/token/train/bpe_trainer.ts";
import { END_OF_TEXT } from "../../../../stages/token/end_of_text.ts";
import type { Tokenizer } from "../../../../stages/token/tokenizer.ts";
import type { Settings } from "../settings.ts";

/** A tokenized text. */
export interface Corpus {
  readonly tokenizer: Tokenizer;
  /** Tokens to train on. */
  readonly train: Uint32Array;
  /** Tokens of the last tenth of the text. */
  readonly heldOut: Uint32Array;
}

const heldOutShare = 0.1;

/**
 * Tokenizes a text. Characters of the whole text are in the vocabulary; byte pairs are learned from the part
 * to train on. Throws RangeError if the text has too few tokens for the context.
 */
export function corpusOf(text: string, settings: Settings): Corpus {
  const whole = text.toWellFormed(), cut = cutOf(whole);
  const [first, last] = [whole.slice(0, cut), whole.slice(cut)];
  const tokenizer = tokenizerFor(settings, { whole, first });
  const train = tokenizer.encodeOrdinary(first), heldOut = tokenizer.encodeOrdinary(last);
  const { context } = settings;
  if (train.length <= context || heldOut.length < 2) {
    throw new RangeError(
      `The text has ${train.length} tokens to train on and ${heldOut.length} held out, and a context of ${context} ` +
        `needs ${context + 1} and 2: ${adviceFor({ first, last, train, heldOut }, settings)}`,
    );
  }
  return { tokenizer, train, heldOut };
}

/** Says what to choose in place of tokens that are too few. */
function adviceFor(
  { first, last, train, heldOut }: {
    readonly first: string;
    readonly last: string;
    readonly train: Uint32Array;
    readonly heldOut: Uint32Array;
  },
  { tokens, context }: Settings,
): string {
  const choices = [
    ...(train.length > 1 && heldOut.length > 1 ? [`a context of at most ${train.length - 1}`] : []),
    // A text that repeats itself becomes a few long byte pairs, however much of it there is.
    ...(tokens === "bpe" && Array.from(first).length > context && Array.from(last).length > 1
      ? ["characters as tokens"]
      : []),
  ];
  if (choices.length === 0) return "give more text";
  return `choose ${choices.join(" or ")}, or give more${tokens === "bpe" ? " and more varied" : ""} text`;
}

/** Returns where the held-out part begins: at the start of a line if there is one nearby. */
function cutOf(text: string): number {
  const cut = Math.floor(text.length * (1 - heldOutShare));
  const line = text.indexOf("\n", cut) + 1;
  if (line > 0 && line < text.length - (text.length - cut) / 2) return line;
  const inside = cut > 0 && text.charCodeAt(cut) >> 10 === 0x37; // the second half of a surrogate pair
  return inside ? cut + 1 : cut;
}

function tokenizerFor(
  { tokens, vocab }: Settings,
  { whole, first }: { readonly whole: string; readonly first: string },
): Tokenizer {
  switch (tokens) {
    case "char":
      return CharTokenizer.fromTexts([whole]);
    case "byte":
      return byteTokenizer();
    case "bpe": {
      const trainer = new BpeTrainer({ vocabSize: vocab, special: [END_OF_TEXT] });
      trainer.add(first);
      return trainer.train().tokenizer;
    }
  }
}

/** Returns the batch of an update: windows of the text at random places, the same for the same seed. */
export function batchAt(
  step: number,
  { train, settings }: { readonly train: Uint32Array; readonly settings: Settings },
): Batch {
  const { batch, context, seed } = settings;
  const inputs = new Uint32Array(batch * context), targets = new Uint32Array(batch * context);
  for (let row = 0; row < batch; row++) {
    const draw = uniformAt(seed, "window", step * batch + row);
    const from = Math.floor(draw * (train.length - context));
    inputs.set(train.subarray(from, from + context), row * context);
    targets.set(train.subarray(from + 1, from + 1 + context), row * context);
  }
  return { inputs, targets, shape: [1, batch, context] };
}
