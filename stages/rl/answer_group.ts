/**
 * Asks a model the questions of a report card, and counts its answers.
 *
 * @module
 */
import type { CardEvent } from "../flow/events.ts";
import type { ModelSession } from "../model/model_session.ts";
import { heldOutFrom, isRefusal, type QuestionGroup, type Task } from "../task/verified/task.ts";
import { type AnswerOptions, answerQuestions } from "./answer_questions.ts";

/** Returns the groups of a task's report card: its own, or all of its held-out questions as one. */
export function groupsOf(task: Task): readonly QuestionGroup[] {
  if (task.groups !== undefined) return task.groups;
  const first = heldOutFrom(task);
  return [{
    name: task.name,
    known: true,
    item: (index) => task.item(first + index),
    ...(task.size !== undefined && { size: Math.max(1, task.size - first) }),
  }];
}

/**
 * Asks `items` questions of a group, fewer if it has fewer, and returns the row of the report card. An answer
 * is right if its reward has a part `correct` of 1, or no such part and at least 1 in all, and if it is no
 * refusal. Throws the errors of `answerQuestions`.
 */
export async function answerGroup(
  model: ModelSession,
  { task, group, items }: { readonly task: Task; readonly group: QuestionGroup; readonly items: number },
  options: AnswerOptions,
): Promise<CardEvent> {
  const length = Math.min(items, group.size ?? Infinity), indices = Array.from({ length }, (_, i) => i);
  const asked = { ...task, item: (index: number) => group.item(index) };
  const answers = await answerQuestions(
    model,
    { task: asked, indices, samples: 1, key: `card.${group.name}` },
    options,
  );
  const refused = answers.filter(({ text }) => isRefusal(text)).length;
  const right =
    answers.filter(({ text, parts, reward }) => !isRefusal(text) && (parts.correct ?? reward) >= 1).length;
  return {
    type: "card",
    task: task.name,
    group: group.name,
    known: group.known,
    items: length,
    right,
    wrong: length - right - refused,
    refused,
  };
}
