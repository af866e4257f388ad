/**
 * The little world: sentences and conversations about countries, sums and words, made by program from data
 * that installs from npm. A small model learns it in minutes.
 *
 * @module
 */
import { uniformAt } from "../../../kernels/random/philox.ts";
import { contentText, type Example } from "../../chat/conversation.ts";
import { arithmetic } from "./arithmetic.ts";
import { countries, type Country, readCountries } from "./countries.ts";
import { spellingBee } from "./spelling_bee.ts";
import type { Task, TaskItem } from "./task.ts";

/** Characters of the world. */
export const worldCharacters: readonly string[] = Array.from(
  { length: 96 },
  (_, i) => i === 0 ? "\n" : String.fromCharCode(31 + i),
);

/** Greetings and questions about the model itself. */
const smallTalk = [
  ["Hello!", "Hello! What would you like to know?"],
  ["Hi", "Hello! Ask me about a country or a sum."],
  ["Who are you?", "I am a small language model of the little world."],
  ["What can you do?", "I know countries, sums and letters."],
  ["Thank you.", "You are welcome."],
  ["Good bye.", "Good bye!"],
] as const;

/** The little world. Its texts depend only on their index. */
export interface LittleWorld {
  /** Returns a sentence: mostly about a country, otherwise a sum or a word with its letters. */
  sentence(index: number): Promise<Example>;
  /** Returns a conversation. */
  conversation(index: number): Promise<Example>;
}

/** Reads the data of the little world. */
export async function littleWorld(): Promise<LittleWorld> {
  const all = await readCountries(), sums = arithmetic();
  const facts = await countries(), bee = await spellingBee();
  const tasks: readonly Task[] = [sums, sums, facts, facts, bee];
  const draw = (name: string, counter: number, below: number) =>
    Math.floor(uniformAt(11, name, counter) * below);
  const conversation = async (index: number): Promise<Example> => {
    const name = `world.${index}`, kind = draw(name, 0, tasks.length + 1), id = `conversation ${index}`;
    if (kind === tasks.length) {
      const [user, assistant] = smallTalk[draw(name, 1, smallTalk.length)];
      return {
        id,
        messages: [{ role: "user", content: user }, { role: "assistant", content: assistant }],
      };
    }
    const { messages, solutions = [] } = await tasks[kind].item(index);
    // Of a sum, one solution guesses and the other calculates: most conversations show the better one.
    const solution = solutions[Math.min(draw(name, 2, 4), solutions.length - 1)];
    return { id, messages: [...messages, solution] };
  };
  const sentence = async (index: number): Promise<Example> => {
    const name = `sentence.${index}`, kind = draw(name, 0, 10), id = `sentence ${index}`;
    const task = kind === 0 ? sums : kind <= 2 ? bee : null;
    const completion = task === null
      ? sentenceOf(all[draw(name, 1, all.length)], (below) => draw(name, 2, below))
      : workedOut(await task.item(index));
    return { id, prompt: "", completion };
  };
  return {
    sentence,
    conversation,
  };
}

/** A question with its solution, without the form of a conversation. */
function workedOut({ id, answer, solutions: [solution] = [] }: TaskItem): string {
  return `${id}: ${solution === undefined ? answer : contentText(solution)}`;
}

function sentenceOf({ name, capital, continent }: Country, draw: (below: number) => number): string {
  const forms = [
    `The capital of ${name} is ${capital}.`,
    `${capital} is the capital of ${name}.`,
    `${name} is in ${continent}.`,
    `${name}: capital ${capital}, in ${continent}.`,
  ];
  return forms[draw(forms.length)];
}
