/**
 * A task that somebody else has written, whose items and rewards are checked.
 *
 * @module
 */
import { messagesOf } from "../../chat/read/messages.ts";
import { isRecord } from "../../disk/json.ts";
import { excerpt } from "../../format/text/excerpt.ts";
import type { RewardParts, Task, TaskItem } from "./task.ts";

/**
 * Returns the task with errors that name it and the item. `item` throws RangeError for an item without id or
 * messages, and `reward` for one that is neither a number nor an object of numbers; a number becomes the part
 * `reward`.
 */
export function checkedTask(task: Task): Task {
  const { name } = task;
  return {
    name,
    ...(task.size !== undefined && { size: task.size }),
    async item(index) {
      const told = `Cannot use item ${index} of the task ${name}`;
      return await explained(told, async () => itemOf(await task.item(index)));
    },
    async reward(item, answer) {
      const told = `Cannot reward an answer to item ${item.id} of the task ${name}`;
      return await explained(told, async () => partsOf(await task.reward(item, answer)));
    },
  };
}

async function explained<T>(told: string, run: () => Promise<T>): Promise<T> {
  try {
    return await run();
  } catch (cause) {
    throw new RangeError(`${told}: ${cause instanceof Error ? cause.message : String(cause)}`, { cause });
  }
}

function itemOf(value: unknown): TaskItem {
  if (!isRecord(value)) throw new TypeError(`it is ${excerpt(value)}: expected { id, messages, answer }`);
  const { id, messages, answer = "", solutions } = value;
  if (typeof id !== "string" && typeof id !== "number" || id === "") {
    throw new TypeError(`its id is ${excerpt(id)}: expected a text`);
  }
  return {
    ...value,
    id: String(id),
    messages: messagesOf(messages, "messages"),
    answer: String(answer),
    ...(solutions !== undefined && { solutions: messagesOf(solutions, "solutions") }),
  };
}

function partsOf(value: unknown): RewardParts {
  if (typeof value === "number") return { reward: value };
  const parts = isRecord(value) ? Object.entries(value) : [];
  const isNumber = (part: readonly [string, unknown]): part is [string, number] =>
    typeof part[1] === "number";
  if (parts.length > 0 && parts.every(isNumber)) return Object.fromEntries(parts);
  throw new TypeError(`it is ${excerpt(value)}: expected an object of numbers, such as { correct: 1 }`);
}
