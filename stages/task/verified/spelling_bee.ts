/**
 * Counts of a letter in a word: hard where a token is several letters, easy letter by letter. Source:
 * nanochat, tasks/spellingbee.py.
 *
 * @module
 */
import { uniformAt } from "../../../kernels/random/philox.ts";
import { readText } from "../../disk/files.ts";
import { packageFolder } from "../../disk/packages.ts";
import { pathOfUrl } from "../../disk/paths.ts";
import { drawnItem, lastNumber, type Task, type TaskItem } from "./task.ts";

/** Share of questions about a letter that the word has. */
const FROM_WORD = 0.9;

/** Returns the task, with words of the package an-array-of-english-words. */
export async function spellingBee(): Promise<Task> {
  const words = await readWords();
  return {
    name: "spelling-bee",
    item: (index) => drawnItem("spelling-bee", index, (name) => itemOf(words, name)),
    reward: ({ answer }, text) => ({ correct: Number(lastNumber(text) === Number(answer)) }),
  };
}

/** Returns English words of 3 to 10 letters. */
export async function readWords(): Promise<readonly string[]> {
  const folder = await packageFolder("an-array-of-english-words");
  const all: readonly string[] = JSON.parse(await readText(pathOfUrl(new URL("index.json", folder))));
  return all.filter((word) => /^[a-z]{3,10}$/.test(word));
}

function itemOf(words: readonly string[], name: string): TaskItem {
  const draw = (counter: number) => uniformAt(7, name, counter);
  const word = words[Math.floor(draw(0) * words.length)];
  const letter = draw(1) < FROM_WORD
    ? word[Math.floor(draw(2) * word.length)]
    : String.fromCharCode(97 + Math.floor(draw(2) * 26));
  let count = 0;
  const steps = [...word].map((each) => {
    if (each === letter) count++;
    return each === letter ? `${each}${count}` : each;
  });
  return {
    id: `${letter} in ${word}`,
    messages: [{ role: "user", content: `How many ${letter} are in ${word}?` }],
    answer: String(count),
    solutions: [{ role: "assistant", content: `${steps.join(",")}: ${count}` }],
  };
}
