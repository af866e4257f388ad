/**
 * Exercise E01: the fact stands before the question.
 *
 * @module
 */
import type { Engine } from "../../../kernels/engine/engine.ts";
import { permutation, uniformAt } from "../../../kernels/random/philox.ts";
import { type Country, readCountries } from "../../../stages/task/verified/countries.ts";
import type { Task } from "../../../stages/task/verified/task.ts";
import { claim } from "../claim.ts";
import { type Item, say } from "../item.ts";
import { transcripts } from "../talks/answer_items.ts";
import { ask, imitate, meanOf, range, smallChat } from "../talks/small_chat.ts";
import { capitals, dealCountries } from "./capitals.ts";
import { contextIsBetter } from "./hallucination_claims.ts";

/** Returns the task that asks for capitals, with the fact before the question. */
function withFact(countries: readonly Country[]): Task {
  const task = capitals(countries);
  return {
    ...task,
    async item(index) {
      const { id, messages, answer } = await task.item(index), [{ content }] = messages;
      return { id, messages: [{ role: "user", content: `${answer} ${content}` }], answer };
    },
  };
}

/** Trains a model to answer from the text before a question, and asks it about countries it never saw. */
export async function* contextSolution(
  engine: Engine,
  { seed, steps }: { readonly seed: number; readonly steps: number },
): AsyncGenerator<Item> {
  const { asked, unseen } = await dealCountries(seed), all = await readCountries();
  const others = all.filter(({ name }) => !unseen.some((one) => one.name === name));
  const chat = smallChat({ layers: 2, heads: 4, channels: 64, seqLen: 64 }, { engine, seed });
  yield say(
    "The question now begins with the answer, as if a search had found it. In training, names and cities are dealt out anew in each example, so that nothing can be remembered: the model must look up.",
  );
  const draw = (index: number, counter: number) =>
    others[Math.floor(uniformAt(seed, `fact.${index}`, counter) * others.length)];
  const trained = yield* imitate(chat, {
    what: "looking up",
    steps,
    lr: 4e-3,
    example(index) {
      const { name } = asked[index % asked.length], capital = madeName(draw(index, 0).capital, index);
      return {
        id: `${index}`,
        messages: [
          { role: "user", content: `${capital}. Capital of ${name}?` },
          { role: "assistant", content: `${capital}.` },
        ],
      };
    },
  });
  const indices = range(0, unseen.length);
  const memory = await ask(chat, { weights: trained.weights, task: capitals(unseen), indices });
  const context = await ask(chat, { weights: trained.weights, task: withFact(unseen), indices });
  const right = ({ parts }: { readonly parts: Readonly<Record<string, number>> }) => parts.right;
  yield claim(contextIsBetter, {
    memory: meanOf(memory, right),
    context: meanOf(context, right),
    after: steps,
  });
  yield transcripts(chat, context.slice(0, 5));
}

/** Returns a name of the letters of another, in another order: it looks like a name and is none. */
function madeName(name: string, index: number): string {
  const letters = [...name.slice(0, 12)];
  return Array.from(permutation(index, "letters", letters.length), (i) => letters[i]).join("");
}
