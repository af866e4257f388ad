/**
 * Finds a task by its name.
 *
 * @module
 */
import { from } from "../../../stages/flow/flow.ts";
import { openSource } from "../../../stages/source/uri.ts";
import { checkedTask } from "../../../stages/task/verified/checked_task.ts";
import { arithmetic } from "../../../stages/task/verified/arithmetic.ts";
import { assistantTask } from "../../../stages/task/verified/assistant.ts";
import { countries } from "../../../stages/task/verified/countries.ts";
import { gsm8k, multipleChoiceTask } from "../../../stages/task/verified/question_files.ts";
import { spellingBee } from "../../../stages/task/verified/spelling_bee.ts";
import type { Task } from "../../../stages/task/verified/task.ts";
import { readText } from "../../../stages/disk/files.ts";
import { exists } from "../../../stages/disk/whole_files.ts";
import { hashOfTexts } from "./same_input.ts";
import { repeatedPaths } from "../../cli/option_types.ts";
import { oneOfValues } from "../options/requirements.ts";
import { resolve } from "node:path";
import { pathToFileURL } from "node:url";

/** Names of the tasks: the last three read their items from --source. */
const taskNames = [
  "arithmetic",
  "spelling-bee",
  "countries",
  "assistant",
  "gsm8k",
  "arc",
  "mmlu",
] as const;

const FILE_TASKS = ["gsm8k", "arc", "mmlu"];

/** What --help says of the tasks that an option may name. */
export const taskHelp = `${
  taskNames.join(", ")
}, or a .ts file whose default export has name, item(index) and reward(item, answer)`;

/** Returns the option that names the files of a task's items. */
export function taskSourceOption(settings: { readonly group: string; readonly fixed: boolean }) {
  return repeatedPaths("file of the items of gsm8k, arc or mmlu; may be repeated", {
    value: [],
    placeholder: "URI",
    takesAddress: true,
    ...settings,
    requires: oneOfValues("task", FILE_TASKS, "--task gsm8k, arc or mmlu"),
  });
}

/** A task, and the hash of what it is made of, by which a resumed run knows it again. */
export interface OpenedTask {
  readonly task: Task;
  readonly hash: string;
}

/**
 * Throws RangeError for a task that there is none of, and for one that reads its items from files where none
 * are given. `option` names the option of the files.
 */
export function checkTask(
  name: string,
  { source, option = "--source" }: { readonly source: readonly string[]; readonly option?: string },
): void {
  if (FILE_TASKS.includes(name) && source.length === 0) {
    throw new RangeError(`The task ${name} reads its items from a file: give ${option} FILE`);
  }
  if (taskNames.some((known) => known === name) || /\.[tj]s$/.test(name)) return;
  throw new RangeError(
    `There is no task ${name}: expected ${taskNames.join(", ")}, or the path of a .ts file`,
  );
}

/** Returns a task by its name, or the one that a file exports. Throws RangeError where there is none. */
export async function openTask(name: string, source: readonly string[]): Promise<OpenedTask> {
  checkTask(name, { source });
  switch (name) {
    case "arithmetic":
      return { task: arithmetic(), hash: name };
    case "spelling-bee":
      return { task: await spellingBee(), hash: name };
    case "countries":
      return { task: await countries(), hash: name };
    case "assistant":
      return { task: await assistantTask(), hash: name };
    case "gsm8k":
    case "arc":
    case "mmlu":
      return await taskOfRecords(name, source);
    default:
      return await taskOfFile(name);
  }
}

async function taskOfRecords(name: "gsm8k" | "arc" | "mmlu", source: readonly string[]): Promise<OpenedTask> {
  const documents = from(await openSource(source, { records: true })).stream();
  const records = await Array.fromAsync(documents, ({ id, metadata }) => ({ id, fields: metadata ?? {} }));
  const hash = hashOfTexts(records.map(({ fields }) => JSON.stringify(fields)));
  return { task: name === "gsm8k" ? gsm8k(records) : multipleChoiceTask(name, records), hash };
}

async function taskOfFile(path: string): Promise<OpenedTask> {
  if (!await exists(path)) throw new RangeError(`There is no file ${path}: give --task the path of one`);
  const task = (await imported(path)).default;
  if (isTask(task)) {
    const checked = checkedTask(task);
    await checked.item(0); // before anything is written
    return { task: checked, hash: hashOfTexts([await readText(path)]) };
  }
  throw new RangeError(
    `Cannot use ${path} as a task: its default export must be an object with name, item(index) and reward(item, answer), and, if it has them, size a whole number above 0 and timeout a number of seconds above 0`,
  );
}

/** Imports the module of a task. Throws RangeError, with the module's own error, if it cannot be loaded. */
async function imported(path: string): Promise<{ readonly default?: unknown }> {
  try {
    return await import(pathToFileURL(resolve(path)).href);
  } catch (cause) {
    const why = cause instanceof Error ? cause.message : String(cause);
    throw new RangeError(`Cannot load the task ${path}: ${why}`, { cause });
  }
}

/** Largest timeout in seconds: a timer takes 32 bits of milliseconds. */
const MAX_TIMEOUT = 2_000_000;

function isTask(value: unknown): value is Task {
  return typeof value === "object" && value !== null && "name" in value && typeof value.name === "string" &&
    "item" in value && typeof value.item === "function" && "reward" in value &&
    typeof value.reward === "function" &&
    (!("size" in value) || value.size === undefined ||
      Number.isSafeInteger(value.size) && Number(value.size) > 0) &&
    (!("timeout" in value) || value.timeout === undefined ||
      typeof value.timeout === "number" && value.timeout > 0 && value.timeout <= MAX_TIMEOUT);
}
