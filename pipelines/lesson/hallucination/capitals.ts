/**
 * The facts of the lesson on hallucination: capitals, of which a model learns some from texts, some from
 * questions too, and some never.
 *
 * @module
 */
import { permutation, uniformAt } from "../../../kernels/random/philox.ts";
import type { Example } from "../../../stages/chat/conversation.ts";
import { type Country, readCountries } from "../../../stages/task/verified/countries.ts";
import type { Task } from "../../../stages/task/verified/task.ts";

/** What a model says that does not know. */
export const UNKNOWN = "I do not know.";

/** Longest names of countries and capitals in characters, so that texts are short. */
const LONGEST = 12;

/** Countries by what training tells of them. */
export interface Groups {
  /** In the texts, and asked about in the conversations. */
  readonly asked: readonly Country[];
  /** In the texts, but never asked about. */
  readonly told: readonly Country[];
  /** Not in the texts; a model that does not know them may learn to say so. */
  readonly unknown: readonly Country[];
  /** In no training at all. */
  readonly unseen: readonly Country[];
}

/** Numbers of countries; all others are asked about. */
const TOLD = 24, NOT_IN_TEXTS = 40, UNSEEN = 30;

/** Deals the countries out in an order that the seed determines. */
export async function dealCountries(seed: number): Promise<Groups> {
  const all = (await readCountries()).filter(({ name, capital }) =>
    name.length <= LONGEST && capital.length <= LONGEST && !name.includes(capital) && !capital.includes(name)
  );
  const shuffled = Array.from(permutation(seed, "countries", all.length), (i) => all[i]);
  const take = (count: number) => shuffled.splice(0, count);
  return { told: take(TOLD), unknown: take(NOT_IN_TEXTS), unseen: take(UNSEEN), asked: shuffled };
}

/** Returns the text number `index` about some countries: more than one form for each fact. */
export function sentence(countries: readonly Country[], index: number): Example {
  const draw = (counter: number, below: number) =>
    Math.floor(uniformAt(13, `sentence.${index}`, counter) * below);
  const { name, capital } = countries[draw(0, countries.length)];
  const forms = [
    `The capital of ${name} is ${capital}.`,
    `${capital} is the capital of ${name}.`,
    `${name}: ${capital}.`,
    `In ${name} the capital is ${capital}.`,
    `${name} has the capital ${capital}.`,
    `Capital of ${name}? ${capital}.`,
  ];
  return { id: `sentence ${index}`, prompt: "", completion: forms[draw(1, forms.length)] };
}

/** Returns the conversation number `index` about a country, with the answer that the model should give. */
export function conversation(
  { name }: Country,
  { answer, index }: { readonly answer: string; readonly index: number },
): Example {
  return {
    id: `conversation ${index}`,
    messages: [{ role: "user", content: questionOf(name) }, { role: "assistant", content: answer }],
  };
}

function questionOf(name: string): string {
  return `Capital of ${name}?`;
}

/** Returns the task that asks for the capital of each country. Its reward has three parts, one of them 1. */
export function capitals(countries: readonly Country[]): Task {
  return {
    name: "capitals",
    size: countries.length,
    seen: true,
    item: (index) => {
      const { name, capital } = countries[index];
      return { id: name, messages: [{ role: "user", content: questionOf(name) }], answer: `${capital}.` };
    },
    reward({ answer }, text) {
      const right = Number(text.trim() === answer), unknown = Number(text.trim() === UNKNOWN);
      return { right, wrong: 1 - right - unknown, unknown };
    },
  };
}
