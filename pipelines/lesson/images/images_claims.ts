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
export const drawingsAreRead: Claim<
  { readonly right: number; readonly pictures: number; readonly whole: number }
> = {
  name: "the model reads what it has drawn",
  holds: ({ right }) => right > .5,
  yes: ({ right, ...drawn }) =>
    `Of ${drawn.pictures} pictures that it drew, it reads ${
      percent(right)
    } as the digit that it was asked to draw${torn(drawn)}.`,
  no: ({ right, ...drawn }) =>
    `Of ${drawn.pictures} pictures that it drew, it reads only ${
      percent(right)
    } as the digit that it was asked to draw${torn(drawn)}.`,
  cases: {
    yes: { right: .8, pictures: 100, whole: 100 },
    no: { right: .3, pictures: 100, whole: 97 },
  },
};

/** What is said of drawings that are no pictures, which cannot be read. */
function torn({ pictures, whole }: { readonly pictures: number; readonly whole: number }): string {
  return whole === pictures
    ? ""
    : `; ${percent(1 - whole / pictures)} are not whole, so that it cannot read them`;
}

/** More codes keep more. */
export const moreCodesKeepMore: Claim<{ readonly distances: readonly number[] }> = {
  name: "more codes lose less of the pictures",
  holds: ({ distances }) => gainsOf(distances).every((gain) => gain > 0),
  yes: ({ distances }) => {
    const gains = gainsOf(distances), isLess = gains.every((gain, i) => i === 0 || gain < gains[i - 1]);
    return `The distance of the patches to their codes falls with each doubling, from ${
      distances[0].toFixed(3)
    } to ${distances[distances.length - 1].toFixed(3)}${
      isLess ? "; each brings less than the one before" : ""
    }.`;
  },
  no: ({ distances }) =>
    `The distance of the patches to their codes is ${
      distances.map((distance) => distance.toFixed(3)).join(", ")
    } from the fewest codes to the most: not every doubling makes it smaller.`,
  cases: { yes: { distances: [1.5, .8, .4] }, no: { distances: [1.5, .4, .4] } },
};

/** Returns by how much each distance is smaller than the one before. */
function gainsOf(distances: readonly number[]): readonly number[] {
  return distances.slice(1).map((distance, i) => distances[i] - distance);
}
