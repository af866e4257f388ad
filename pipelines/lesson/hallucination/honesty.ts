/**
 * One run of the experiment on hallucination: texts, questions, an examination, and refusals.
 *
 * @module
 */
import type { TensorMap } from "../../../kernels/core/tensor.ts";
import type { Engine } from "../../../kernels/engine/engine.ts";
import { uniformAt } from "../../../kernels/random/philox.ts";
import type { Example } from "../../../stages/chat/conversation.ts";
import type { Answer } from "../../../stages/rl/answer_questions.ts";
import type { Country } from "../../../stages/task/verified/countries.ts";
import type { Item } from "../item.ts";
import { ask, imitate, meanOf, range, type SmallChat, smallChat } from "../talks/small_chat.ts";
import { capitals, conversation, dealCountries, type Groups, sentence, UNKNOWN } from "./capitals.ts";

/** Lengths of the experiment in updates. */
export interface HonestyLength {
  /** Updates on texts. */
  readonly texts: number;
  /** Updates on questions and answers. */
  readonly answers: number;
  /** Updates on answers and refusals. */
  readonly refusals: number;
}

/** Shares of the answers to a group of questions. They add up to 1. */
export interface Shares {
  readonly right: number;
  readonly wrong: number;
  readonly unknown: number;
}

/** Groups of countries whose questions are asked at the end. */
export const examined = ["asked", "told", "unseen"] as const;

/** Shares by group. */
export type SharesByGroup = Readonly<Record<typeof examined[number], Shares>>;

/** Results of a run. */
export interface Honesty {
  readonly groups: Groups;
  /** Answers of the model that always answers. */
  readonly always: SharesByGroup;
  /** Answers of the model that has learned to refuse. */
  readonly honest: SharesByGroup;
  /** Numbers of countries of the examination that the model knew, by whether the texts had them. */
  readonly known: { readonly inTexts: readonly [number, number]; readonly others: readonly [number, number] };
  /** Some answers about countries that were never seen, of both models. */
  readonly examples: readonly (readonly [name: string, always: string, honest: string])[];
}

/** Samples of an answer in the examination, and how many must be right for a fact that is known. */
const SAMPLES = 3, ENOUGH = 2;

/** Returns the shares of right, wrong and refused answers. */
export function sharesOf(answers: readonly Pick<Answer, "parts">[]): Shares {
  const share = (part: string) => meanOf(answers, ({ parts }) => parts[part]);
  return { right: share("right"), wrong: share("wrong"), unknown: share("unknown") };
}

/** Runs the experiment with one seed. */
export async function* honesty(
  engine: Engine,
  { seed, texts, answers, refusals }: HonestyLength & { readonly seed: number },
): AsyncGenerator<Item, Honesty> {
  const chat = smallChat({ layers: 2, heads: 4, channels: 64, seqLen: 48 }, { engine, seed });
  const groups = await dealCountries(seed), { asked, told, unknown, unseen } = groups;
  const drawn = (countries: readonly Country[], index: number) =>
    countries[Math.floor(uniformAt(seed, "conversation", index) * countries.length)];
  const text = (index: number) => sentence([...asked, ...told], index);
  // Half of what follows are texts again, so that their facts are not forgotten.
  const mixed = (index: number, dialogue: (number: number) => Example) =>
    index % 2 === 0 ? text(index) : dialogue((index - 1) / 2);
  const base = yield* imitate(chat, {
    what: `seed ${seed}, texts`,
    steps: texts,
    lr: 4e-3,
    example: text,
  });
  const answering = yield* imitate(chat, {
    what: `seed ${seed}, answers`,
    steps: answers,
    lr: 2e-3,
    weights: base.weights,
    example: (index) =>
      mixed(index, (number) => {
        const country = drawn(asked, number);
        return conversation(country, { answer: `${country.capital}.`, index });
      }),
  });
  // #region examination
  const candidates = [...asked, ...unknown], isKnown = await examine(chat, answering.weights, candidates);
  const rightAnswer = (country: Country, i: number) => isKnown[i] ? `${country.capital}.` : UNKNOWN;
  const lessons = candidates.map((country, i) => ({ country, answer: rightAnswer(country, i) }));
  // #endregion
  const refusing = yield* imitate(chat, {
    what: `seed ${seed}, refusals`,
    steps: refusals,
    lr: 2e-3,
    weights: answering.weights,
    example: (index) =>
      mixed(index, (number) => {
        const { country, answer } = lessons[Math.floor(uniformAt(seed, "refusal", number) * lessons.length)];
        return conversation(country, { answer, index });
      }),
  });
  const always = await answersByGroup(chat, answering.weights, groups);
  const honest = await answersByGroup(chat, refusing.weights, groups);
  const count = (from: number, to: number) => isKnown.slice(from, to).filter(Boolean).length;
  return {
    groups,
    always: shares(always),
    honest: shares(honest),
    known: {
      inTexts: [count(0, asked.length), asked.length],
      others: [count(asked.length, candidates.length), unknown.length],
    },
    examples: unseen.slice(0, 4).map(({ name }, i) => [
      name,
      always.unseen[i].text,
      honest.unseen[i].text,
    ]),
  };
}

/** Asks about each country several times, and returns whether most answers are right. */
async function examine(
  chat: SmallChat,
  weights: TensorMap,
  countries: readonly Country[],
): Promise<readonly boolean[]> {
  const answers = await ask(chat, {
    weights,
    task: capitals(countries),
    indices: range(0, countries.length),
    samples: SAMPLES,
    temperature: .8,
  });
  return countries.map((_, i) =>
    answers.slice(i * SAMPLES, (i + 1) * SAMPLES).filter(({ parts }) => parts.right === 1).length >= ENOUGH
  );
}

async function answersByGroup(chat: SmallChat, weights: TensorMap, groups: Groups) {
  const answers = async (countries: readonly Country[]) =>
    await ask(chat, { weights, task: capitals(countries), indices: range(0, countries.length) });
  const [asked, told, unseen] = [
    await answers(groups.asked),
    await answers(groups.told),
    await answers(groups.unseen),
  ];
  return { asked, told, unseen };
}

function shares(answers: Readonly<Record<typeof examined[number], readonly Answer[]>>): SharesByGroup {
  return {
    asked: sharesOf(answers.asked),
    told: sharesOf(answers.told),
    unseen: sharesOf(answers.unseen),
  };
}
