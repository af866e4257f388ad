/**
 * Finds a task by its name.
 *
 * @module
 */
import { from } from "../../../stages/flow/flow.ts";
import { openSource } from "../../../stages/source/uri.ts";
import { arithmetic } from "../../../stages/task/verified/arithmetic.ts";
import { countries } from "../../../stages/task/verified/countries.ts";
import { gsm8k, multipleChoiceTask } from "../../../stages/task/verified/question_files.ts";
import { spellingBee } from "../../../stages/task/verified/spelling_bee.ts";
import type { Task } from "../../../stages/task/verified/task.ts";
import { exists } from "../../../stages/disk/whole_files.ts";
import { resolve } from "node:path";
import { pathToFileURL } from "node:url";

/** Names of the tasks: the last three read their items from --source. */
export const taskNames = ["arithmetic", "spelling-bee", "countries", "gsm8k", "arc", "mmlu"] as const;

/** Returns a task by its name, or the one that a file exports. Throws RangeError where there is none. */
export async function taskOf(name: string, source: readonly string[]): Promise<Task> {
  switch (name) {
    case "arithmetic":
      return arithmetic();
    case "spelling-bee":
      return await spellingBee();
    case "countries":
      return await countries();
    case "gsm8k":
      return gsm8k(await recordsOf(name, source));
    case "arc":
    case "mmlu":
      return multipleChoiceTask(name, await recordsOf(name, source));
  }
  if (!name.endsWith(".ts") && !name.endsWith(".js")) {
    throw new RangeError(
      `There is no task ${name}: expected ${taskNames.join(", ")}, or the path of a .ts file`,
    );
  }
  if (!await exists(name)) throw new RangeError(`There is no file ${name}: give --task the path of one`);
  const { default: task }: { readonly default?: unknown } = await import(pathToFileURL(resolve(name)).href);
  if (isTask(task)) return task;
  throw new RangeError(
    `Cannot use ${name} as a task: its default export must be an object with name, item(index) and reward(item, answer), and size a whole number above 0 if it has one`,
  );
}

async function recordsOf(name: string, source: readonly string[]) {
  if (source.length === 0) {
    throw new RangeError(`The task ${name} reads its items from a file: give --source FILE`);
  }
  const documents = from(await openSource(source, { records: true })).stream();
  return await Array.fromAsync(documents, ({ id, metadata }) => ({ id, fields: metadata ?? {} }));
}

function isTask(value: unknown): value is Task {
  return typeof value === "object" && value !== null && "name" in value && typeof value.name === "string" &&
    "item" in value && typeof value.item === "function" && "reward" in value &&
    typeof value.reward === "function" &&
    (!("size" in value) || value.size === undefined ||
      Number.isSafeInteger(value.size) && Number(value.size) > 0);
}
