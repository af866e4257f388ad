/**
 * The task of the lesson on tools: products of two numbers with two digits.
 *
 * @module
 */
import { uniformAt } from "../../../kernels/random/philox.ts";
import { drawnItem, lastNumber, type Task, type TaskItem } from "../../../stages/task/verified/task.ts";

/** Products. The first solution of an item guesses, the second one calls the calculator. */
export interface Products extends Task {
  item(index: number): TaskItem;
}

/** Returns the task. */
export function products(): Products {
  return {
    name: "products",
    item: (index) => drawnItem("products", index, productOf),
    reward: ({ answer }, text) => ({ correct: Number(lastNumber(text) === Number(answer)) }),
  };
}

function productOf(name: string): TaskItem {
  const digits = (counter: number) => 10 + Math.floor(uniformAt(7, name, counter) * 90);
  const question = `${digits(0)}*${digits(1)}`, [a, b] = question.split("*").map(Number);
  const answer = String(a * b);
  return {
    id: question,
    messages: [{ role: "user", content: `${question}=?` }],
    answer,
    solutions: [
      { role: "assistant", content: answer },
      {
        role: "assistant",
        content: [
          { type: "python", text: question },
          { type: "python_output", text: answer },
          { type: "text", text: answer },
        ],
      },
    ],
  };
}
