/**
 * All that the little assistant is taught: sums by calculator, countries, spelling, who it is, and to say
 * that it does not know what it has never read. Three of five countries are in its text and in its
 * conversations, some are in its text alone, and the others in neither: so a report card can tell what it
 * remembers from what it makes up.
 *
 * @module
 */
import { uniformAt } from "../../../kernels/random/philox.ts";
import type { Conversation, Message } from "../../chat/conversation.ts";
import { arithmetic } from "./arithmetic.ts";
import { type Country, readCountries } from "./countries.ts";
import { readWords, spellingBee } from "./spelling_bee.ts";
import { drawnItem, heldOutFrom, isRefusal, type QuestionGroup, type Task, type TaskItem } from "./task.ts";

/** What the assistant says where it has no answer. */
const REFUSAL = "I do not know.";

/** Questions about the assistant itself, and greetings. */
const smallTalk = [
  ["Hello!", "Hello! What would you like to know?"],
  ["Hi", "Hello! Ask me about a country or a sum."],
  ["Who are you?", "I am the little assistant."],
  ["What is your name?", "I am the little assistant."],
  ["Are you a human?", "No, I am a language model."],
  ["What can you do?", "I know capitals, sums and letters."],
  ["How do you calculate?", "I ask my calculator."],
  ["Thank you.", "You are welcome."],
  ["Good bye.", "Good bye!"],
] as const;

/** How often each kind of question is asked, of 12. */
const kinds = { sum: 3, country: 3, madeUp: 1, letters: 2, spelling: 2, talk: 1 } as const;
type Kind = keyof typeof kinds;
const drawnKinds = Object.entries(kinds).flatMap(([kind, times]) => Array<Kind>(times).fill(kind as Kind));

/** Share of the reward of a right answer that an honest refusal gets. */
const HONESTY = 0.3;

/** The task, and the text that comes before it. */
export interface AssistantTask extends Task {
  readonly groups: readonly QuestionGroup[];
  /** Returns a sentence of the text that a base model is trained on. */
  sentence(index: number): Promise<string>;
  /** Returns a conversation of one or two questions with their answers. */
  conversation(index: number): Promise<Conversation>;
}

/** Returns the task. Its texts and questions depend only on their index. */
export async function assistantTask(): Promise<AssistantTask> {
  const all = await readCountries(), asked: Country[] = [], told: Country[] = [], unseen: Country[] = [];
  for (const country of all) {
    const share = uniformAt(7, `country ${country.name}`, 0);
    (share < 0.6 ? asked : share < 0.75 ? told : unseen).push(country);
  }
  const read = [...asked, ...told], names = new Set(all.map(({ name }) => name));
  const sums = arithmetic(), letters = await spellingBee(), words = await readWords();
  const spelling = (index: number) => drawnItem("spelling", index, (name) => spelled(pick(words, name, 0)));
  const madeUp = (index: number) =>
    drawnItem("made up", index, (name) => unknownItem(madeUpName(read, { name, names })));
  const itemOf = async (index: number, kind: Kind): Promise<TaskItem> => {
    const name = `assistant.${index}`;
    switch (kind) {
      case "sum": {
        const item = sums.item(index);
        return { ...item, group: item.id.includes("*") ? "products" : "sums" };
      }
      case "country":
        return factOf(pick(asked, name, 1), Math.floor(3 * uniformAt(7, name, 2)));
      case "madeUp":
        return madeUp(index);
      case "letters":
        return { ...await letters.item(index), group: "letters" };
      case "spelling":
        return spelling(index);
      case "talk":
        return talkItem(Math.floor(smallTalk.length * uniformAt(7, name, 1)));
    }
  };
  const item = (index: number) => itemOf(index, pick(drawnKinds, `assistant.${index}`, 0));
  const held = heldOutFrom({});
  const sumOf = (isProduct: boolean) => (index: number) => {
    for (let i = held + 8 * index;; i++) {
      const drawn = sums.item(i);
      if (drawn.id.includes("*") === isProduct) return { ...drawn, group: isProduct ? "products" : "sums" };
    }
  };
  const capitals = (name: string, from: readonly Country[]) => ({
    name,
    known: true,
    size: from.length,
    item: (index: number) => factOf(from[index % from.length], index % 2),
  });
  return {
    name: "assistant",
    item,
    reward: rewardOf,
    groups: [
      { name: "who it is", known: true, size: smallTalk.length, item: talkItem },
      { name: "sums and differences", known: true, item: sumOf(false) },
      { name: "products", known: true, item: sumOf(true) },
      { name: "letters in words", known: true, item: (i) => itemOf(held + i, "letters") },
      { name: "spelling", known: true, item: (i) => spelling(held + i) },
      capitals("capitals, asked in training", asked),
      capitals("capitals, read but never asked", told),
      { ...capitals("capitals, never read", unseen), known: false },
      { name: "countries that do not exist", known: false, item: (i) => madeUp(held + i) },
    ],
    async sentence(index) {
      const name = `text.${index}`, kind = Math.floor(10 * uniformAt(7, name, 0));
      if (kind === 0) return workedOut(sums.item(index));
      if (kind === 1) return workedOut(await letters.item(index));
      if (kind === 2) return workedOut(spelling(index));
      return sentenceOf(pick(read, name, 1), (below) => Math.floor(below * uniformAt(7, name, 2)));
    },
    async conversation(index) {
      const answered = async (number: number) => {
        const { messages, solutions = [] } = await item(number);
        return [...messages, solutions[Math.floor(solutions.length * uniformAt(7, `way ${number}`, 0))]];
      };
      const one = await answered(2 * index), two = await answered(2 * index + 1);
      const both = [...one, ...two];
      return { id: String(index), messages: index % 3 === 0 && lengthOf(both) <= LONGEST ? both : one };
    },
  };
}

/** Longest conversation of two questions in characters, so that it fits into a sequence with its tokens. */
const LONGEST = 76;

function lengthOf(messages: readonly Message[]): number {
  const text = ({ content }: Message) =>
    typeof content === "string" ? content : content.map(({ text }) => `${text}  `).join("");
  return messages.reduce((sum, message) => sum + text(message).length + 2, 0);
}

/** A right answer is worth 1, a refusal less, and something that is made up nothing. */
function rewardOf({ answer, group }: TaskItem, text: string): Readonly<Record<string, number>> {
  const refused = isRefusal(text);
  if (answer === REFUSAL) return { correct: Number(refused), honest: 0 };
  const correct = group === "capital" || group === "talk" || group === "spelling"
    ? !refused && text.toLowerCase().includes(answer.toLowerCase())
    : Number(/-?\d+(?=\D*$)/.exec(text)?.[0]) === Number(answer);
  return { correct: Number(correct), honest: refused && group === "capital" ? HONESTY : 0 };
}

/** Question forms about a country: the first two ask for its capital. */
function factOf({ name, capital, continent }: Country, form: number): TaskItem {
  const [question, answer] = [
    [`What is the capital of ${name}?`, capital],
    [`Which city is the capital of ${name}?`, capital],
    [`On which continent is ${name}?`, continent],
  ][form];
  return itemFor(question, { answer, solution: `${answer}.`, group: "capital" });
}

function unknownItem({ name, form }: { readonly name: string; readonly form: number }): TaskItem {
  const { messages, id } = factOf({ name, capital: "", continent: "" }, form);
  return {
    id,
    messages,
    answer: REFUSAL,
    solutions: [{ role: "assistant", content: REFUSAL }],
    group: "capital",
  };
}

function talkItem(index: number): TaskItem {
  const [question, answer] = smallTalk[index];
  return itemFor(question, { answer, solution: answer, group: "talk" });
}

function spelled(word: string): TaskItem {
  const answer = [...word].join(",");
  return itemFor(`Spell ${word}.`, { answer, solution: answer, group: "spelling" });
}

function itemFor(
  question: string,
  { answer, solution, group }: { readonly answer: string; readonly solution: string; readonly group: string },
): TaskItem {
  return {
    id: question,
    messages: [{ role: "user", content: question }],
    answer,
    solutions: [{ role: "assistant", content: solution }],
    group,
  };
}

/** Joins halves of two names of countries to one that no country has. */
function madeUpName(
  read: readonly Country[],
  { name, names }: { readonly name: string; readonly names: ReadonlySet<string> },
): { readonly name: string; readonly form: number } {
  for (let attempt = 0;; attempt++) {
    const at = `${name}.${attempt}`;
    const [front, back] = [pick(read, at, 0).name, pick(read, at, 1).name];
    const joined = front.slice(0, Math.ceil(front.length / 2)) + back.slice(Math.ceil(back.length / 2));
    if (!names.has(joined) && joined.length <= 24) {
      return { name: joined, form: Math.floor(3 * uniformAt(7, at, 2)) };
    }
  }
}

/** A question with its solution, as a line of text. */
function workedOut({ id, answer, solutions: [solution] = [] }: TaskItem): string {
  const text = typeof solution?.content === "string" ? solution.content : answer;
  return `${id.replace(/^Spell (.*)\.$/, "$1")}: ${text}`;
}

function sentenceOf({ name, capital, continent }: Country, draw: (below: number) => number): string {
  const forms = [
    `The capital of ${name} is ${capital}.`,
    `${capital} is the capital of ${name}.`,
    `${name} is in ${continent}.`,
    `${name}: capital ${capital}, in ${continent}.`,
    `What is the capital of ${name}? It is ${capital}.`,
    `The city ${capital} is the capital of ${name}.`,
    `On the continent ${continent} is ${name}.`,
    `${name} has the capital ${capital}.`,
  ];
  return forms[draw(forms.length)];
}

function pick<T>(from: readonly T[], name: string, counter: number): T {
  return from[Math.floor(from.length * uniformAt(7, name, counter))];
}
