/**
 * What the pipelines of post-training keep at their start and write at their end.
 *
 * @module
 */
import { withLora } from "../../../kernels/models/lora.ts";
import { isLlama } from "../../../kernels/models/model_config.ts";
import { modelOf } from "../../../kernels/models/model_of.ts";
import { readText } from "../../../stages/disk/files.ts";
import { parseJson } from "../../../stages/format/text/parse_json.ts";
import { checkpointConfig } from "../../../stages/format/model/checkpoint_config.ts";
import { writeAdapters } from "../../../stages/format/model/peft/peft_folder.ts";
import { readSafetensors } from "../../../stages/format/model/safetensors.ts";
import { removeIfThere } from "../../../stages/disk/whole_files.ts";
import { readEvents } from "../../../stages/report/metrics.ts";
import type { EndLines } from "../../../stages/run/record_run.ts";
import type { Env } from "../../cli/pipeline.ts";
import { shellWord } from "../../cli/shell_word.ts";
import { adaptersOf } from "../model/adapted_model.ts";
import { keepTokenizer } from "../resume/kept_tokenizer.ts";
import type { ChatValues, StartingPoint } from "./starting_point.ts";

/** The beginning and the end of a run of post-training. */
export const chatEnd = {
  /** Keeps the tokenizer in the run's folder. */
  keep: async ({ tokenizer }: Pick<StartingPoint, "tokenizer">, env: Env): Promise<void> =>
    await keepTokenizer(tokenizer, env),

  /** Writes the adapters as PEFT has them, and returns the last results. */
  finish: async (name: string, o: ChatValues, env: Env): Promise<EndLines> => {
    if ((o as { readonly inspect?: number }).inspect) return { results: [], hints: [] };
    const adapters = o.lora > 0 ? await peftFolder(env.out) : null;
    const events = await readEvents(`${env.out}/metrics.jsonl`);
    const tasks = events.filter((event) => event.type === "task");
    const lastStep = tasks.at(-1)?.step;
    return {
      results: [
        ...tasks.filter(({ step }) => step === lastStep).map(({ task, reward, items }) =>
          `${task}: mean reward ${reward.toFixed(3)} of ${items} held-out questions`
        ),
        ...(adapters === null ? [] : [`Adapters: ${adapters}`]),
      ],
      hints: [`To sample: deno task pipeline sample --checkpoint ${shellWord(env.out || `runs/${name}`)}`],
    };
  },
} as const;

/** Writes the adapters of the newest checkpoint as a folder of PEFT. Returns its path. */
async function peftFolder(out: string): Promise<string> {
  const checkpoint = `${out}/checkpoints/${(await readText(`${out}/checkpoints/latest`)).trim()}`;
  const path = `${checkpoint}/stream.json`, stream = parseJson(await readText(path));
  const state = (stream as any)?.parts?.train?.state, adapters = adaptersOf(state);
  if (adapters === null) throw new Deno.errors.InvalidData(`${path} describes no adapters`);
  const { lora, base } = adapters, config = checkpointConfig(state.config, path);
  withLora(modelOf(config), lora); // throws if they do not fit
  const weights = await readSafetensors(`${checkpoint}/model.safetensors`), folder = `${out}/adapter`;
  await removeIfThere(folder);
  await writeAdapters(folder, { lora, weights, base, isTransposed: !isLlama(config) });
  return folder;
}
