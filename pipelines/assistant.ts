/**
 * The pipeline `assistant`: from text to a model that answers, in one command. Its phases are other
 * pipelines: a base model is trained on text, then on conversations, then by the rewards of its own answers,
 * and a report card says what it knows, what it gets wrong, and where it says that it does not know.
 *
 * @module
 */
import { phaseValues } from "./cli/phases/phase_values.ts";
import finewebGpt2 from "./fineweb_gpt2.ts";
import rl from "./rl.ts";
import sft from "./sft.ts";
import { flag, number, path, repeatedPaths, text } from "./cli/option_types.ts";
import { phasedPipeline } from "./cli/pipeline.ts";
import { shellWord } from "./cli/shell_word.ts";
import { assistantPresets } from "./parts/assistant/presets.ts";
import { assistantPhases } from "./parts/assistant/phases.ts";
import { costLines } from "./parts/assistant/cost.ts";
import { taskHelp, taskSourceOption } from "./parts/posttrain/tasks.ts";

const data = { group: "Data", fixed: true };
const phases = { group: "Phases", fixed: true };
const words = (name: string, command: string) =>
  text(`further options of the phase ${name}, in quotes, as ${command} takes them`, {
    value: "",
    placeholder: "OPTIONS",
    ...phases,
  });

export default phasedPipeline({
  about: "text → base model → conversations → rewards → report card, in one command",
  options: {
    source: repeatedPaths(
      "text for the base model, as fineweb-gpt2 takes it; may be repeated; default: the little world",
      { value: [], placeholder: "URI", takesAddress: true, ...data },
    ),
    data: repeatedPaths("conversations, as sft takes them; may be repeated; default: the little world's", {
      value: [],
      placeholder: "URI",
      takesAddress: true,
      ...data,
    }),
    task: path(`task of the rewards and of the report card: ${taskHelp}`, {
      value: "assistant",
      placeholder: "NAME|FILE.ts",
      ...data,
    }),
    taskSource: taskSourceOption(data),
    base: words("base", "fineweb-gpt2"),
    sft: words("sft", "sft"),
    rl: words("rl", "rl"),
    talk: flag("talk to the model at the end, on a terminal", { value: false, group: "Phases" }),
    hourPrice: number("price of an hour of the machine, for the cost that --dry-run prints", {
      value: 3,
      unit: "dollars",
      min: 0,
      group: "Cost",
      requires: { option: "dryRun", accepts: (value) => value === true, typed: "--dry-run" },
    }),
  },
  examples: [
    {
      does: "an assistant of a little world in some minutes, on two CPU cores, and a talk with it",
      typed: "--talk",
    },
    {
      does: "what nanochat's speedrun would take on an H200",
      typed:
        "--preset nanochat-d20 --source hf:karpathy/fineweb-edu-100b-shuffle --data hf:HuggingFaceTB/smol-smoltalk --task gsm8k --task-source hf:openai/gsm8k/main --dry-run --machine h200",
    },
    {
      does: "the little world with a larger model",
      typed: '--base "--layers 4 --channels 128 --heads 4" --out runs/larger',
    },
  ],
  often: [
    "source",
    "data",
    "task",
    "taskSource",
    "preset",
    "base",
    "sft",
    "rl",
    "talk",
    "out",
    "device",
    "seed",
    "dryRun",
  ],
  presets: assistantPresets,
  workersFor: "engine",
  estimates: true,
  phases: assistantPhases,
  next: ({ talk }, { out }) => talk ? ["chat", "--checkpoint", out] : null,
  async plan(o, env) {
    const phases = await assistantPhases(o, env);
    const words = (name: string) => phases.find((phase) => phase.name === name) ?? { args: [] };
    return await costLines(o, env, {
      base: await phaseValues(finewebGpt2, words("base")),
      sft: await phaseValues(sft, words("sft")),
      rl: await phaseValues(rl, words("rl")),
    });
  },
  finish: (_o, { out }) => ({
    results: [],
    hints: [
      `Report: ${out}/report.html`,
      `To talk to it: deno task pipeline chat --checkpoint ${shellWord(out)}`,
      `To serve it:   deno task pipeline serve --checkpoint ${shellWord(out)}`,
    ],
  }),
});
