/**
 * What the lesson on the chat format claims about its results.
 *
 * @module
 */
import type { Claim } from "../claim.ts";
import { percent } from "../talks/answer_items.ts";

const nats = (loss: number): string => loss.toFixed(3);

/** What the mask changes for the answers. */
export const maskHelpsAnswers: Claim<{ readonly masked: number; readonly all: number }> = {
  name: "the answers' loss is lower with the mask",
  holds: ({ masked, all }) => masked < all,
  yes: ({ masked, all }) =>
    `After the same number of updates, the answers' loss is ${nats(masked)} with the mask and ${
      nats(all)
    } without it. With the mask, all of the gradient goes into answers.`,
  no: ({ masked, all }) =>
    `After the same number of updates, the answers' loss is ${nats(masked)} with the mask and ${
      nats(all)
    } without it: learning the questions too did the answers no harm here.`,
  cases: { yes: { masked: .3, all: .35 }, no: { masked: .35, all: .3 } },
};

/** What the mask leaves out is not learned. */
export const questionsAreUnlearned: Claim<{ readonly masked: number; readonly all: number }> = {
  name: "with the mask the model does not learn to ask",
  holds: ({ masked, all }) => masked > all + .5,
  yes: ({ masked, all }) =>
    `On the tokens of user and program the loss is ${nats(masked)} with the mask and ${
      nats(all)
    } without it. The model reads questions, but it never learns to write them.`,
  no: ({ masked, all }) =>
    `On the tokens of user and program the loss is ${nats(masked)} with the mask and ${
      nats(all)
    } without it.`,
  cases: { yes: { masked: 6, all: .9 }, no: { masked: 1, all: .9 } },
};

/** The end must be learned as well. */
export const endMustBeTrained: Claim<{ readonly trained: number; readonly untrained: number }> = {
  name: "a model whose end token is masked does not stop",
  holds: ({ trained, untrained }) => untrained > trained + .5,
  yes: ({ trained, untrained }) =>
    `Of the answers ${percent(untrained)} do not end by themselves if \`<|assistant_end|>\` is masked, and ${
      percent(trained)
    } if it is trained on. This is a common mistake of chat models: "it does not stop".`,
  no: ({ trained, untrained }) =>
    `Of the answers ${percent(untrained)} do not end by themselves if \`<|assistant_end|>\` is masked, and ${
      percent(trained)
    } if it is trained on.`,
  cases: { yes: { trained: .01, untrained: .97 }, no: { trained: .01, untrained: .1 } },
};

/** Text is not a token. */
export const textStaysText: Claim<{ readonly typed: number; readonly special: number }> = {
  name: "the text of a special token stays text",
  holds: ({ special }) => special === 0,
  yes: ({ typed }) =>
    `A user who types \`<|assistant_end|>\` sends ${typed} tokens of text, and none of them is the special token: the form of a conversation cannot be forged by typing it.`,
  no: ({ typed, special }) =>
    `A user who types \`<|assistant_end|>\` sends ${typed} tokens, of which ${special} are special: anyone can forge the form of a conversation.`,
  cases: { yes: { typed: 17, special: 0 }, no: { typed: 1, special: 1 } },
};

/** Two formats, the same mask. */
export const formatsAgree: Claim<{ readonly nanochat: string; readonly chatml: string }> = {
  name: "both formats train on the same answer",
  holds: ({ nanochat, chatml }) => nanochat === chatml,
  yes: ({ nanochat }) => `Without the special tokens, both formats train on the same text: "${nanochat}".`,
  no: ({ nanochat, chatml }) =>
    `Without the special tokens, nanochat's format trains on "${nanochat}" and ChatML on "${chatml}".`,
  cases: { yes: { nanochat: "Paris.", chatml: "Paris." }, no: { nanochat: "Paris.", chatml: "" } },
};
