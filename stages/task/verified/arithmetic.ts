/**
 * Sums, differences and products of numbers with two digits. A small model cannot multiply in one token, but
 * a calculator can.
 *
 * @module
 */
import { uniformAt } from "../../../kernels/random/philox.ts";
import type { Message } from "../../chat/conversation.ts";
import { drawnItem, lastNumber, type Task, type TaskItem } from "./task.ts";

/** The operations, and how often each is asked. */
const OPERATIONS = ["+", "-", "*", "*"] as const;

/** Returns the task. Its items depend only on their index. */
export function arithmetic(): Task {
  return {
    name: "arithmetic",
    item: (index) => drawnItem("arithmetic", index, itemOf),
    reward: ({ answer }, text) => ({ correct: Number(lastNumber(text) === Number(answer)) }),
  };
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
