/**
 * Tasks whose answers a program can verify: reinforcement learning rewards what they accept.
 *
 * @module
 */
import type { Message } from "../../chat/conversation.ts";

/** A question of a task. */
export interface TaskItem {
  /** Id, unique in the task, for messages and reports. */
  readonly id: string;
  /** The messages before the answer. */
  readonly messages: readonly Message[];
  /** The right answer. */
  readonly answer: string;
  /** Answers to imitate; each shows one way of finding the answer. */
  readonly solutions?: readonly Message[];
}

/** What an answer is worth: the sum of the parts is the reward. */
export type RewardParts = Readonly<Record<string, number>>;

/** A task. A file of one's own exports such an object as its default. */
export interface Task {
  /** Name, for messages and reports. */
  readonly name: string;
  /** Number of items; absent if the task makes as many as are wanted. */
  readonly size?: number;
  /**
   * Returns an item. The same index gives the same item, whatever was asked before. Items from index
   * `heldOutFrom(task)` on are for evaluation only.
   */
  item(index: number): TaskItem | Promise<TaskItem>;
  /** Returns the parts of an answer's reward; `answer` is the text that the assistant wrote. */
  reward(item: TaskItem, answer: string): RewardParts | Promise<RewardParts>;
}

/** First index of the items that are never trained on, of tasks that make as many as are wanted. */
const HELD_OUT = 2 ** 30;

/**
 * Returns the first index of the items that are never trained on. A task with a fixed number of items holds
 * out its last tenth, at least one of two or more.
 */
export function heldOutFrom({ size }: Pick<Task, "size">): number {
  if (size === undefined) return HELD_OUT;
  return size < 2 ? size : size - Math.max(1, Math.floor(size / 10));
}

/** Returns the sum of the parts of a reward. Throws RangeError, naming the item, if it is NaN or infinite. */
export function rewardOf(
  parts: RewardParts,
  { task, id }: { readonly task: string; readonly id: string },
): number {
  const sum = Object.values(parts).reduce((total, part) => total + part, 0);
  if (Number.isFinite(sum)) return sum;
  throw new RangeError(
    `The task ${task} gave item ${id} the reward ${sum} (${
      JSON.stringify(parts)
    }): a reward must be a finite number`,
  );
}

/** Returns the last number in a text, without commas and a full stop after it; null if there is none. */
export function lastNumber(text: string): number | null {
  const found = text.replaceAll(",", "").match(/-?\d+(\.\d+)?/g)?.at(-1);
  return found === undefined ? null : Number(found);
}
