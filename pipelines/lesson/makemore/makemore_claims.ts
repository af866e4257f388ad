/**
 * What the lesson on makemore.py claims about its results.
 *
 * @module
 */
import { type Claim, isLower, type Pair } from "../claim.ts";

const four = (value: number): string => value.toFixed(4);

/** More of the letters before a position, a lower loss. */
export const allBeatBigrams: Claim<{ readonly bigram: number; readonly worse: readonly string[] }> = {
  name: "every model that sees more than the last letter beats the bigram model",
  holds: ({ worse }) => worse.length === 0,
  yes: ({ bigram }) =>
    `Every model that sees more than the last letter has a lower test loss than the bigram model, ${
      four(bigram)
    }.`,
  no: ({ bigram, worse }) =>
    `The bigram model has a test loss of ${
      four(bigram)
    }. These models see more than the last letter, but their loss is no lower: ${worse.join(", ")}.`,
  cases: { yes: { bigram: 2.5, worse: [] }, no: { bigram: 2.5, worse: ["bow"] } },
};

/** Gates and a memory help a recurrent net. */
export const gatesHelp: Claim<Pair> = isLower({
  name: "gates lower the loss of a recurrent net",
  yes: ({ value, other }) =>
    `Gates help: the GRU's test loss is ${four(value)}, the plain RNN's ${four(other)}.`,
  no: ({ value, other }) =>
    `The GRU's test loss is ${four(value)}, no lower than the plain RNN's ${four(other)}.`,
});

/** The last model is the best. */
export const transformerIsBest: Claim<
  { readonly best: string; readonly loss: number; readonly transformer: number }
> = {
  name: "the transformer has the lowest test loss",
  holds: ({ best }) => best === "transformer",
  yes: ({ loss }) => `The transformer has the lowest test loss of all, ${four(loss)}.`,
  no: ({ best, loss, transformer }) =>
    `\`${best}\` has the lowest test loss of all, ${four(loss)}; the transformer's is ${four(transformer)}.`,
  cases: {
    yes: { best: "transformer", loss: 1.95, transformer: 1.95 },
    no: { best: "gru", loss: 2.05, transformer: 2.1 },
  },
};

/** Small models can take larger steps. */
export const smallTakeLargerRates: Claim<
  { readonly rate: number; readonly better: readonly string[]; readonly all: readonly string[] }
> = {
  name: "each of the small models has a lower loss with a higher rate",
  holds: ({ better, all }) => better.length === all.length,
  yes: ({ rate }) =>
    `makemore.py trains every model at ${rate}. All of these smaller models have a lower loss with a higher rate.`,
  no: ({ rate, better, all }) =>
    `makemore.py trains every model at ${rate}. Of ${
      all.join(", ")
    }, these have a lower loss with a higher rate: ${better.join(", ") || "none"}.`,
  cases: {
    yes: { rate: 5e-4, better: ["rnn"], all: ["rnn"] },
    no: { rate: 5e-4, better: [], all: ["rnn"] },
  },
};

/** Regularization works against overfitting. */
export const regularizationHelps: Claim<Pair & { readonly bestStep: number; readonly steps: number }> = {
  name: "the regularized run reaches a lower test loss",
  holds: ({ value, other }) => value < other,
  yes: ({ value, other }) =>
    `The lowest test loss of the regularized run is ${four(value)}, that of the first run ${four(other)}.`,
  no: ({ value, other, bestStep, steps }) =>
    `The lowest test loss of the regularized run is ${four(value)}, no lower than the ${
      four(other)
    } of the first run${
      bestStep === steps
        ? ". The first run's test loss is lowest at its last step, so it does not overfit yet"
        : ""
    }.`,
  cases: {
    yes: { value: 1.9, other: 2, bestStep: 6000, steps: 12_000 },
    no: { value: 2.1, other: 2, bestStep: 1000, steps: 1000 },
  },
};
