/**
 * Tasks whose answers a program can verify: reinforcement learning rewards what they accept.
 *
 * @module
 */
import { uniformAt } from "../../../kernels/random/philox.ts";
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
  /** Name of the group of questions that it belongs to, if the task has groups. */
  readonly group?: string;
}

/** Questions of a task that a report card has a row for. */
export interface QuestionGroup {
  /** What they ask for: "products". */
  readonly name: string;
  /** Whether the model can know the answers. Where it cannot, it should say so. */
  readonly known: boolean;
  /** Returns a question for the report card. The same index gives the same question. */
  item(index: number): TaskItem | Promise<TaskItem>;
  /** Number of different questions; absent if there is no end of them. */
  readonly size?: number;
}

/** What an answer is worth: the sum of the parts is the reward. */
export type RewardParts = Readonly<Record<string, number>>;

/** A task. A file of one's own exports such an object as its default. */
export interface Task {
  /** Name, for messages and reports. */
  readonly name: string;
  /** Number of items; absent if the task makes as many as are wanted. */
  readonly size?: number;
  /** Whether checks ask questions that are trained on too, because they test memory. Default false. */
  readonly seen?: boolean;
  /** Seconds that one call of `item` or `reward` of a task of one's own may take. Default 60. */
  readonly timeout?: number;
  /**
   * Returns an item. The same index gives the same item, whatever was asked before. Items from index
   * `heldOutFrom(task)` on are for evaluation only.
   */
  item(index: number): TaskItem | Promise<TaskItem>;
  /** Returns the parts of an answer's reward; `answer` is the text that the assistant wrote. */
  reward(item: TaskItem, answer: string): RewardParts | Promise<RewardParts>;
  /** The groups of its report card; absent: all held-out questions are one group. */
  readonly groups?: readonly QuestionGroup[];
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

/** Share of the questions of a task that makes its items which are held out. */
const HELD_OUT_SHARE = 0.1;

/**
 * Makes an item of a task that makes as many as are wanted: draws until the question is one that may have
 * this index. A tenth of the questions, chosen by a hash of their id, have indices from `heldOutFrom()` on
 * alone, so that a held-out question is never trained on under another index. `draw` gets the name of the
 * random numbers of an attempt.
 */
export function drawnItem(name: string, index: number, draw: (name: string) => TaskItem): TaskItem {
  for (let attempt = 0;; attempt++) {
    const item = draw(`${name}.${index}.${attempt}`);
    if (isHeldOut(item.id) === index >= HELD_OUT) return item;
  }
}

/** Returns whether questions with this id are held out. */
export function isHeldOut(id: string): boolean {
  return uniformAt(7, `held out: ${id}`, 0) < HELD_OUT_SHARE;
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

/** Returns whether an answer says that it is none: "I do not know." */
export function isRefusal(text: string): boolean {
  return /\b(do not|don't) know\b/i.test(text);
}

/** Returns the last number in a text, without commas and a full stop after it; null if there is none. */
export function lastNumber(text: string): number | null {
  const found = text.replaceAll(",", "").match(/-?\d+(\.\d+)?/g)?.at(-1);
  return found === undefined ? null : Number(found);
}
