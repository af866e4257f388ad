/**
 * The phases of `assistant`, as commands.
 *
 * @module
 */
import { splitWords } from "../../cli/shell_word.ts";
import type { Phase } from "../../cli/pipeline.ts";
import { resolveUri } from "../../../stages/source/uri.ts";
import { checkTask } from "../posttrain/tasks.ts";
import { nanochatTokens } from "../../../stages/chat/template/nanochat.ts";
import { wordsOf } from "./presets.ts";

/** Values of the options of `assistant` that make its phases. */
export interface AssistantValues {
  readonly source: readonly string[];
  readonly data: readonly string[];
  readonly task: string;
  readonly taskSource: readonly string[];
  readonly base: string;
  readonly sft: string;
  readonly rl: string;
  /** Name of the preset; a resolved run always has one. */
  readonly preset?: unknown;
}

/**
 * Returns the phases of a run in the folder `out`. Throws RangeError or Deno.errors.NotFound for what would
 * end a later phase: text without conversations or the reverse, a preset or a task that does not fit, a file
 * that is missing.
 */
export async function assistantPhases(
  o: AssistantValues,
  { out }: { readonly out: string },
): Promise<readonly Phase[]> {
  const preset = wordsOf(String(o.preset ?? "little-world")), isWorld = o.source.length === 0;
  if (isWorld !== (o.data.length === 0)) {
    throw new RangeError(
      `Cannot train on ${
        isWorld ? "--data" : "--source"
      } alone: give --source, text for the base model, and --data, conversations; or neither, for the little world`,
    );
  }
  if (isWorld !== (preset === wordsOf("little-world"))) {
    throw new RangeError(
      isWorld
        ? `Cannot train --preset ${o.preset} on the little world: give --source and --data, or leave --preset out`
        : `Cannot use --preset ${o.preset} with --source: its model reads the little world's characters: leave --preset out, or give --preset nanochat-d6 or nanochat-d20`,
    );
  }
  checkTask(o.task, { source: o.taskSource, option: "--task-source" });
  for (const uri of [...o.source, ...o.data, ...o.taskSource]) await checkThere(uri);
  const world = `${out}/world`, task = ["--task", o.task, ...repeated("source", o.taskSource)];
  const text = isWorld
    ? [
      ..."--stages none --separator-token".split(" "),
      nanochatTokens[0],
      "--source",
      `${world}/text.jsonl`,
      "--tokenizer",
      `${world}/tokenizer`,
    ]
    : repeated("source", o.source);
  const conversations = isWorld ? ["--data", `${world}/conversations.jsonl`] : repeated("data", o.data);
  return [
    ...(isWorld ? [{ name: "world", pipeline: "little-world", args: [] }] : []),
    {
      name: "base",
      pipeline: "fineweb-gpt2",
      leavesModel: true,
      defaults: preset.base,
      args: [...text, ...splitWords(o.base)],
    },
    {
      name: "sft",
      pipeline: "sft",
      leavesModel: true,
      defaults: preset.sft,
      args: ["--init-from", `${out}/base`, ...conversations, ...splitWords(o.sft)],
    },
    {
      name: "rl",
      pipeline: "rl",
      leavesModel: true,
      defaults: preset.rl,
      args: ["--init-from", `${out}/sft`, ...task, ...splitWords(o.rl)],
    },
    { name: "card", pipeline: "report-card", args: ["--checkpoint", `${out}/rl`, ...task] },
  ];
}

function repeated(option: string, values: readonly string[]): readonly string[] {
  return values.flatMap((value) => [`--${option}`, value]);
}

/** Throws the errors of `resolveUri` for a path of this machine at which nothing can be read. */
async function checkThere(uri: string): Promise<void> {
  if (!/^(-|[a-z][a-z\d+.-]+:.*)$/i.test(uri)) await resolveUri(uri);
}
