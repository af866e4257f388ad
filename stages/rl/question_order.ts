/**
 * Order in which the questions of a task are asked.
 *
 * @module
 */
import { permutation } from "../../kernels/random/philox.ts";
import { heldOutFrom, type Task } from "../task/verified/task.ts";

/**
 * Returns the questions of an update: the next ones; of a task with a fixed number, in a new order in each
 * pass, without those that are held out.
 */
export function questionsOf(
  task: Task,
  { number, questions, seed }: { readonly number: number; readonly questions: number; readonly seed: number },
): readonly number[] {
  const next = Array.from({ length: questions }, (_, i) => number * questions + i);
  if (task.size === undefined) return next;
  const size = heldOutFrom(task), orders = new Map<number, Uint32Array>();
  return next.map((i) => {
    const pass = Math.floor(i / size);
    const order = orders.get(pass) ?? permutation(seed, `${task.name}.${pass}`, size);
    orders.set(pass, order);
    return order[i % size];
  });
}
