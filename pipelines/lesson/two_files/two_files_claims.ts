/**
 * What the lesson "two files" claims about its results.
 *
 * @module
 */
import type { Claim } from "../claim.ts";

const bytes = (count: number): string => count.toLocaleString("en-US");
const nats = (loss: number): string => loss.toPrecision(3);

/** Training lowers the loss. */
export const lossFalls: Claim<{ readonly steps: number; readonly first: number; readonly last: number }> = {
  name: "training lowers the loss",
  holds: ({ first, last }) => last < first,
  yes: ({ steps, first, last }) =>
    `From the first to the last of ${steps} updates, the loss fell from ${nats(first)} to ${
      nats(last)
    } nats per token.`,
  no: ({ steps, first, last }) =>
    `At the first of ${steps} updates the loss was ${nats(first)} nats per token. At the last it was ${
      nats(last)
    }, no lower.`,
  cases: { yes: { steps: 200, first: 4.4, last: .01 }, no: { steps: 2, first: 4.4, last: 4.5 } },
};

/** The second program computes the same. */
export const programsAgree: Claim<{ readonly difference: number; readonly logits: number }> = {
  name: "the small program computes what the engine computes",
  holds: ({ difference }) => difference < 1e-3,
  yes: ({ difference, logits }) =>
    `The small program and this project's engine agree: the largest difference of ${
      bytes(logits)
    } logits is ${difference.toExponential(1)}.`,
  no: ({ difference, logits }) =>
    `The small program and this project's engine do not agree: the largest difference of ${
      bytes(logits)
    } logits is ${difference.toExponential(1)}.`,
  cases: { yes: { difference: 1e-5, logits: 1000 }, no: { difference: .1, logits: 1000 } },
};

/** The knowledge is in the parameters. */
export const knowledgeIsInParameters: Claim<
  { readonly trained: number; readonly untrained: number; readonly questions: number }
> = {
  name: "the same program knows less with untrained parameters",
  holds: ({ trained, untrained }) => trained > untrained,
  yes: ({ trained, untrained, questions }) =>
    `With the trained parameters the program answers ${trained} of ${questions} questions rightly, with the initial ones ${untrained}: all knowledge is in the file of the parameters.`,
  no: ({ trained, untrained, questions }) =>
    `With the trained parameters the program answers ${trained} of ${questions} questions rightly, with the initial ones ${untrained}: training has added no right answer.`,
  cases: {
    yes: { trained: 6, untrained: 0, questions: 8 },
    no: { trained: 0, untrained: 0, questions: 8 },
  },
};

/** Code is small. */
export const codeIsSmall: Claim<{ readonly code: number; readonly parameters: number }> = {
  name: "the parameters are far larger than the code",
  holds: ({ code, parameters }) => parameters > 10 * code,
  yes: ({ code, parameters }) =>
    `The code has ${bytes(code)} bytes, the parameters ${
      bytes(parameters)
    }: even of this tiny model nearly everything is numbers.`,
  no: ({ code, parameters }) => `The code has ${bytes(code)} bytes, the parameters ${bytes(parameters)}.`,
  cases: { yes: { code: 7000, parameters: 400_000 }, no: { code: 7000, parameters: 9000 } },
};

/** Half the bytes, nearly the same answers. */
export const halfIsEnough: Claim<
  { readonly same: number; readonly questions: number; readonly bits: number }
> = {
  name: "answers survive parameters with fewer bits",
  holds: ({ same, questions }) => same >= .9 * questions,
  yes: ({ same, questions, bits }) =>
    `With ${bits} bits for each value of a matrix, ${same} of ${questions} answers are the same as with 32.`,
  no: ({ same, questions, bits }) =>
    `With ${bits} bits for each value of a matrix, only ${same} of ${questions} answers are the same as with 32.`,
  cases: { yes: { same: 20, questions: 20, bits: 8 }, no: { same: 3, questions: 20, bits: 3 } },
};
