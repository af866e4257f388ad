/**
 * The task of the lessons on thoughts and learning rates: sums of two numbers with three digits.
 *
 * @module
 */
import { uniformAt } from "../../../kernels/random/philox.ts";
import { drawnItem, lastNumber, type Task, type TaskItem } from "../../../stages/task/verified/task.ts";

/** Sums. The first solution of an item answers at once, the second one thinks before it answers. */
export interface ColumnSums extends Task {
  item(index: number): TaskItem;
}

/** Sign that stands before the answer. */
export const ANSWER_SIGN = "#";

/** Returns the task. */
export function columnSums(): ColumnSums {
  return {
    name: "column sums",
    item: (index) => drawnItem("column sums", index, sumOf),
    reward({ answer }, text) {
      const [, found] = text.split(ANSWER_SIGN);
      return { correct: Number(found !== undefined && lastNumber(found) === Number(answer)) };
    },
  };
}

/** Returns how a sum is found by columns, from the last one on: `6+2+0=08;7+5+0=12;…`. */
export function columnsOf(a: number, b: number): string {
  const steps: string[] = [];
  let carry = 0;
  for (let place = 1; place <= 100; place *= 10) {
    const [x, y] = [a, b].map((n) => Math.floor(n / place) % 10), sum = x + y + carry;
    steps.push(`${x}+${y}+${carry}=${String(sum).padStart(2, "0")}`);
    carry = Math.floor(sum / 10);
  }
  return steps.join(";");
}

function sumOf(name: string): TaskItem {
  const [a, b] = [0, 1].map((counter) => 100 + Math.floor(uniformAt(7, name, counter) * 900));
  const answer = String(a + b);
  return {
    id: `${a}+${b}`,
    messages: [{ role: "user", content: `${a}+${b}=?` }],
    answer,
    solutions: [
      { role: "assistant", content: `${ANSWER_SIGN}${answer}` },
      { role: "assistant", content: `${columnsOf(a, b)}${ANSWER_SIGN}${answer}` },
    ],
  };
}
