/**
 * A task that somebody else has written, whose items and rewards are checked.
 *
 * @module
 */
import { messagesOf } from "../../chat/read/messages.ts";
import { isRecord } from "../../disk/json.ts";
import { excerpt } from "../../format/text/excerpt.ts";
import type { RewardParts, Task, TaskItem } from "./task.ts";

/** A function of a task has taken longer than the task may. */
export class TaskTimeoutError extends Error {
  override readonly name = "TaskTimeoutError";
}

/** Seconds that a function of a task may take, unless it says otherwise. */
const TIMEOUT = 60;

/**
 * Returns the task with errors that name it and the item. `item` throws RangeError for an item without id or
 * messages, and `reward` for one that is neither a number nor an object of numbers; a number becomes the part
 * `reward`. Both throw TaskTimeoutError after `timeout` seconds. A function that never returns to the event
 * loop cannot be ended.
 */
export function checkedTask(task: Task): Task {
  const { name, timeout = TIMEOUT } = task;
  return {
    name,
    ...(task.size !== undefined && { size: task.size }),
    async item(index) {
      const told = `Cannot use item ${index} of the task ${name}`;
      return await explained(told, async () => itemOf(await inTime("item", () => task.item(index), timeout)));
    },
    async reward(item, answer) {
      const told = `Cannot reward an answer to item ${item.id} of the task ${name}`;
      const reward = () => task.reward(item, answer);
      return await explained(told, async () => partsOf(await inTime("reward", reward, timeout)));
    },
  };
}

async function explained<T>(told: string, run: () => Promise<T>): Promise<T> {
  try {
    return await run();
  } catch (cause) {
    if (cause instanceof TaskTimeoutError) throw new TaskTimeoutError(`${told}: ${cause.message}`, { cause });
    throw new RangeError(`${told}: ${cause instanceof Error ? cause.message : String(cause)}`, { cause });
  }
}

/** Runs a function of a task. Throws TaskTimeoutError if it has not ended after `timeout` seconds. */
async function inTime<T>(
  called: "item" | "reward",
  run: () => T | Promise<T>,
  timeout: number,
): Promise<T> {
  const late = Promise.withResolvers<never>();
  const timer = setTimeout(() => {
    late.reject(
      new TaskTimeoutError(
        `${called}() took longer than ${timeout} s: make it faster, or give the task more seconds, as in timeout: ${
          10 * timeout
        }`,
      ),
    );
  }, 1000 * timeout);
  Deno.unrefTimer(timer); // a run that stops meanwhile does not wait for it
  try {
    return await Promise.race([run(), late.promise]);
  } finally {
    clearTimeout(timer);
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
