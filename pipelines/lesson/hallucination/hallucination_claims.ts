/**
 * What the lesson on hallucination claims about its results, as means over several seeds.
 *
 * @module
 */
import type { Claim } from "../claim.ts";
import { percent } from "../talks/answer_items.ts";

/** A model that has never seen a refusal invents. */
export const everyAnswerIsInvented: Claim<
  { readonly invented: number; readonly refused: number; readonly known: number }
> = {
  name: "a model that always answers invents what it cannot know",
  holds: ({ invented }) => invented > .9,
  yes: ({ invented, refused, known }) =>
    `Of the questions about countries in no training, ${percent(invented)} get an invented answer and ${
      percent(refused)
    } a refusal; of the questions that it has learned, ${percent(known)} are answered rightly.`,
  no: ({ invented, known }) =>
    `Of the questions about countries in no training, ${
      percent(invented)
    } get an invented answer; of the questions that it has learned, ${percent(known)} are answered rightly.`,
  cases: { yes: { invented: 1, refused: 0, known: 1 }, no: { invented: .5, refused: 0, known: 1 } },
};

/** The examination separates known from unknown. */
export const examinationSeparates: Claim<{ readonly inTexts: number; readonly others: number }> = {
  name: "an examination finds out what the model knows",
  holds: ({ inTexts, others }) => inTexts > others + .5,
  yes: ({ inTexts, others }) =>
    `In the examination it knew ${percent(inTexts)} of the capitals that it was taught, and ${
      percent(others)
    } of the others.`,
  no: ({ inTexts, others }) =>
    `In the examination it knew ${percent(inTexts)} of the capitals that it was taught, and ${
      percent(others)
    } of the others.`,
  cases: { yes: { inTexts: .98, others: 0 }, no: { inTexts: .4, others: .1 } },
};

/** Refusals take the place of inventions. */
export const refusalsReplaceInventions: Claim<{ readonly before: number; readonly after: number }> = {
  name: "fewer capitals are invented after refusals",
  holds: ({ before, after }) => after < before - .2,
  yes: ({ before, after }) =>
    `Inventions about countries in no training fell from ${percent(before)} to ${percent(after)}.`,
  no: ({ before, after }) =>
    `Inventions about countries in no training were ${percent(before)} and are ${
      percent(after)
    }: learning to refuse some hardly carried over to others.`,
  cases: { yes: { before: 1, after: .3 }, no: { before: 1, after: .95 } },
};

/** The price: known facts are refused too. */
export const knownIsRefusedToo: Claim<
  { readonly before: number; readonly after: number; readonly refused: number }
> = {
  name: "refusals cost right answers about facts that were never asked for",
  holds: ({ before, after }) => after < before - .05,
  yes: ({ before, after, refused }) =>
    `Of the capitals that are in the texts but were never asked for, ${
      percent(before)
    } were right before and ${percent(after)} are right after; ${
      percent(refused)
    } are refused now. Without this column that loss would not show.`,
  no: ({ before, after, refused }) =>
    `Of the capitals that are in the texts but were never asked for, ${
      percent(before)
    } were right before and ${percent(after)} are right after; ${percent(refused)} are refused now.`,
  cases: {
    yes: { before: .7, after: .4, refused: .4 },
    no: { before: .3, after: .3, refused: .5 },
  },
};

/** Whether the model tells what it knows from what it does not. */
export const knowsWhatItKnows: Claim<
  { readonly unseen: number; readonly told: number; readonly asked: number }
> = {
  name: "the unknown is refused more often than the known",
  holds: ({ unseen, told }) => unseen > told + .1,
  yes: ({ unseen, told }) =>
    `It refuses ${percent(unseen)} of the countries in no training and ${
      percent(told)
    } of those in its texts that it was never asked about: it tells them apart to some degree.`,
  no: ({ unseen, told, asked }) =>
    `It refuses ${percent(unseen)} of the countries in no training and ${
      percent(told)
    } of those in its texts that it was never asked about${
      told > .3 && asked < told / 2
        ? `, but ${percent(asked)} of those that it was asked about: it has learned which names these are`
        : ""
    }.`,
  cases: { yes: { unseen: .9, told: .5, asked: 0 }, no: { unseen: .9, told: .88, asked: 0 } },
};

/** The answer in the question helps with certainty. */
export const contextIsBetter: Claim<
  { readonly memory: number; readonly context: number; readonly after: number }
> = {
  name: "with the fact in the question more answers are right",
  holds: ({ memory, context }) => context > memory + .2,
  yes: ({ memory, context, after }) =>
    `Of the countries in no training, ${percent(memory)} are answered rightly from memory and ${
      percent(context)
    } with the text before the question, after ${after} updates on such questions about other countries: what stands in the context need not be remembered.`,
  no: ({ memory, context, after }) =>
    `Of the countries in no training, ${percent(memory)} are answered rightly from memory and ${
      percent(context)
    } with the text before the question: in ${after} updates this model has not learned to look it up.`,
  cases: {
    yes: { memory: 0, context: .8, after: 300 },
    no: { memory: 0, context: .1, after: 300 },
  },
};
