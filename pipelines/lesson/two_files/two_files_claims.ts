/**
 * What the lesson "two files" claims about its results.
 *
 * @module
 */
import type { Claim } from "../claim.ts";

const bytes = (count: number): string => count.toLocaleString("en-US");

/** The second program computes the same. */
export const programsAgree: Claim<{ readonly difference: number; readonly logits: number }> = {
  name: "the small program computes what the engine computes",
  holds: ({ difference }) => difference < 1e-3,
  yes: ({ difference, logits }) =>
    `The small program and this project's engine agree: of ${
      bytes(logits)
    } logits none differs by more than ${difference.toExponential(1)}.`,
  no: ({ difference, logits }) =>
    `The small program and this project's engine do not agree: of ${bytes(logits)} logits one differs by ${
      difference.toExponential(1)
    }.`,
  cases: { yes: { difference: 1e-5, logits: 1000 }, no: { difference: .1, logits: 1000 } },
};

/** The knowledge is in the parameters. */
export const knowledgeIsInParameters: Claim<
  { readonly trained: number; readonly untrained: number; readonly questions: number }
> = {
  name: "the same program knows nothing with other parameters",
  holds: ({ trained, untrained }) => trained > untrained,
  yes: ({ trained, untrained, questions }) =>
    `With the trained parameters the program answers ${trained} of ${questions} questions rightly, with the initial ones ${untrained}: all knowledge is in the file of the parameters.`,
  no: ({ trained, untrained, questions }) =>
    `With the trained parameters the program answers ${trained} of ${questions} questions rightly, with the initial ones ${untrained}: this model has learned too little.`,
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
    `With ${bits} bits for each parameter, ${same} of ${questions} answers are the same as with 32.`,
  no: ({ same, questions, bits }) =>
    `With ${bits} bits for each parameter, only ${same} of ${questions} answers are the same as with 32.`,
  cases: { yes: { same: 20, questions: 20, bits: 8 }, no: { same: 3, questions: 20, bits: 3 } },
};
