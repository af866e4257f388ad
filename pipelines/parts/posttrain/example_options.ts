/**
 * What sft and dpo share: the options of their examples and of their checks, the source of the examples, and
 * the checks of a new model.
 *
 * @module
 */
import type { Source } from "../../../stages/flow/stage.ts";
import type { Document } from "../../../stages/items.ts";
import type { CheckAnswersOptions } from "../../../stages/rl/check_answers.ts";
import type { Task } from "../../../stages/task/verified/task.ts";
import { openSource } from "../../../stages/source/uri.ts";
import { integer, oneOf, path, repeatedPaths } from "../../cli/option_types.ts";
import type { OptionRequirement, Values } from "../../cli/pipeline.ts";
import { above0, given } from "../options/requirements.ts";
import type { StartingPoint } from "./starting_point.ts";
import { calculatorTools } from "./tools.ts";
import type { UsefulExamples } from "./useful_examples.ts";

const data = { group: "Data", requires: given("initFrom", "--init-from PATH") };

/** Returns the options of the records to read: what they are, and the fields that they may have. */
export function exampleOptions(
  { records, fields }: { readonly records: "conversations" | "preferences"; readonly fields: string },
) {
  return {
    data: repeatedPaths(
      `${records}: JSON lines, JSON, Parquet or Arrow of ${fields}; a path, folder, glob, https URL, hf:OWNER/NAME[@REVISION][/PATH] or s3://BUCKET/KEY; may be repeated; several are mixed by size, or by weight as URI*WEIGHT`,
      { value: [], placeholder: "URI", takesAddress: true, fixed: true, ...data },
    ),
    damaged: oneOf(
      `records that are no ${records}, or that the template cannot write: refuse stops with an error; skip counts them`,
      {
        value: "refuse",
        choices: ["refuse", "skip"],
        fixed: true,
        ...data,
      },
    ),
    hubToken: path("file with an access token of the Hugging Face Hub; default: the Hub's own token file", {
      value: null,
      placeholder: "FILE",
      ...data,
    }),
  };
}

/** A new model has tasks of its own; the questions for another are those of --task. */
const hasTasks: OptionRequirement = {
  option: "task",
  accepts: (task, { values }) => values.initFrom === null || (task ?? null) !== null,
  typed: "--task NAME",
};

/** Options of the checks of a new model, or of the task that a model is trained on. */
export const checkOptions = {
  checkEvery: integer("steps between checks on held-out questions; 0 = never", {
    value: 100,
    min: 0,
    group: "Evaluation and checkpoints",
    requires: hasTasks,
  }),
  checkItems: integer("held-out questions of each task in a check", {
    value: 40,
    min: 1,
    group: "Evaluation and checkpoints",
    requires: above0("checkEvery", "--check-every N above 0"),
  }),
};

/**
 * Opens the records of --data: once, or, with `useful`, again and again. Throws RangeError if none are given.
 */
export async function openExamples(
  { data: uris, damaged, hubToken }: Values<ReturnType<typeof exampleOptions>>,
  { records, useful }: { readonly records: string; readonly useful: UsefulExamples | null },
): Promise<Source<Document>> {
  if (uris.length === 0) {
    throw new RangeError(`Nothing to train on: give --data URI, a file of ${records}`);
  }
  const source = await openSource(uris, { records: true, damaged, hubToken });
  return useful === null ? source : useful.repeated(source, records);
}

/** Returns how a model is asked questions of tasks, with its most likely answers. */
export function checksOf(
  { checkItems }: Values<typeof checkOptions>,
  { tokenizer, template, seqLen, isNew }: StartingPoint,
  tasks: readonly Task[],
): Omit<CheckAnswersOptions, "every" | "after"> {
  return {
    tasks,
    items: checkItems,
    tokenizer,
    template,
    maxTokens: seqLen,
    temperature: 0,
    ...(isNew && { toolbox: calculatorTools({ tokenizer, template }) }),
  };
}
