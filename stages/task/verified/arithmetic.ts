/**
 * Sums, differences and products of numbers with two digits. A small model cannot multiply in one token, but
 * a calculator can.
 *
 * @module
 */
import { uniformAt } from "../../../kernels/random/philox.ts";
import type { Message, Preference } from "../../chat/conversation.ts";
import { drawnItem, lastNumber, type Task, type TaskItem } from "./task.ts";

/** The operations, and how often each is asked. */
const OPERATIONS = ["+", "-", "*", "*"] as const;

/** Length of the longest conversation about a sum in characters, with a call of the calculator. */
export const SUM_LENGTH = 40;

/** The task. Its items depend only on their index. */
export interface Arithmetic extends Task {
  item(index: number): TaskItem;
}

/** Returns the task. */
export function arithmetic(): Arithmetic {
  return {
    name: "arithmetic",
    item: (index) => drawnItem("arithmetic", index, itemOf),
    reward: ({ answer }, text) => ({ correct: Number(lastNumber(text) === Number(answer)) }),
  };
}

/**
 * Returns a pair of answers to the item with this index: the one that calculates is preferred to the one that
 * guesses, and guesses wrong.
 */
export function calculatedOverGuessed(index: number): Preference {
  const { id, messages, answer, solutions: [guessed, calculated] = [] } = arithmetic().item(index);
  const wrong = String(Number(answer) + 1 + Math.floor(uniformAt(7, `guess of ${id}`, 0) * 9));
  const answered = (message: Message) => ({
    id,
    messages: [...messages, message],
    completion: messages.length,
  });
  return { chosen: answered(calculated), rejected: answered({ ...guessed, content: wrong }) };
}

function itemOf(name: string): TaskItem {
  const draw = (counter: number, below: number) => Math.floor(uniformAt(7, name, counter) * below);
  const operation = OPERATIONS[draw(0, OPERATIONS.length)], a = 10 + draw(1, 90), b = 10 + draw(2, 90);
  const question = `${a}${operation}${b}`;
  const answer = String(operation === "+" ? a + b : operation === "-" ? a - b : a * b);
  const direct: Message = { role: "assistant", content: answer };
  const calculated: Message = {
    role: "assistant",
    content: [
      { type: "python", text: question },
      { type: "python_output", text: answer },
      { type: "text", text: answer },
    ],
  };
  return {
    id: question,
    messages: [{ role: "user", content: `${question}=?` }],
    answer,
    solutions: [direct, calculated],
  };
}
