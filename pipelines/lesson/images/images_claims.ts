/**
 * What the lesson on images claims about its results.
 *
 * @module
 */
import { type Claim, isLower, type Pair } from "../claim.ts";
import { percent } from "../talks/answer_items.ts";

/** Codes come nearer to the patches. */
export const codesFit: Claim<Pair> = isLower({
  name: "the codes come nearer to the patches",
  yes: ({ value, other }) =>
    `The mean squared distance of a patch to its code fell from ${other.toFixed(3)} to ${value.toFixed(3)}.`,
  no: ({ value, other }) =>
    `The mean squared distance of a patch to its code was ${other.toFixed(3)} and is ${value.toFixed(3)}.`,
});

/** A picture is few tokens. */
export const patchesAreShort: Claim<{ readonly patches: number; readonly pixels: number }> = {
  name: "patches make shorter sequences than pixels",
  holds: ({ patches, pixels }) => patches < pixels,
  yes: ({ patches, pixels }) =>
    `A picture has ${patches} tokens as patches and ${pixels} as pixels. Attention compares all pairs of tokens, so pixels would cost ${
      Math.round((pixels / patches) ** 2)
    } times as many comparisons.`,
  no: ({ patches, pixels }) => `A picture has ${patches} tokens as patches and ${pixels} as pixels.`,
  cases: { yes: { patches: 49, pixels: 784 }, no: { patches: 784, pixels: 784 } },
};

/** The model reads. */
export const digitsAreRead: Claim<{ readonly right: number; readonly pictures: number }> = {
  name: "the model reads digits that it has not seen",
  holds: ({ right }) => right > .5,
  yes: ({ right, pictures }) =>
    `Of ${pictures} held-out pictures it reads ${percent(right)} rightly; by chance it would be one in ten.`,
  no: ({ right, pictures }) =>
    `Of ${pictures} held-out pictures it reads only ${
      percent(right)
    } rightly; by chance it would be one in ten.`,
  cases: { yes: { right: .9, pictures: 300 }, no: { right: .2, pictures: 300 } },
};

/** It draws what it reads. */
export const drawingsAreRead: Claim<{ readonly right: number; readonly pictures: number }> = {
  name: "the model reads what it has drawn",
  holds: ({ right }) => right > .5,
  yes: ({ right, pictures }) =>
    `Of ${pictures} pictures that it drew, it reads ${
      percent(right)
    } as the digit that it was asked to draw.`,
  no: ({ right, pictures }) =>
    `Of ${pictures} pictures that it drew, it reads only ${
      percent(right)
    } as the digit that it was asked to draw.`,
  cases: { yes: { right: .8, pictures: 100 }, no: { right: .3, pictures: 100 } },
};

/** More codes keep more. */
export const moreCodesKeepMore: Claim<{ readonly few: number; readonly many: number }> = {
  name: "more codes lose less of the pictures",
  holds: ({ few, many }) => many < few,
  yes: ({ few, many }) =>
    `The distance of the patches to their codes falls from ${few.toFixed(3)} to ${
      many.toFixed(3)
    } from the fewest codes to the most; each doubling brings less.`,
  no: ({ few, many }) =>
    `The distance of the patches to their codes is ${few.toFixed(3)} with the fewest codes and ${
      many.toFixed(3)
    } with the most.`,
  cases: { yes: { few: 1.5, many: .4 }, no: { few: .4, many: .4 } },
};
