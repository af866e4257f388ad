/**
 * What the pipelines of post-training write at their end.
 *
 * @module
 */
import { withLora } from "../../../kernels/models/lora.ts";
import { isLlama } from "../../../kernels/models/model_config.ts";
import { modelOf } from "../../../kernels/models/model_of.ts";
import { readText } from "../../../stages/disk/files.ts";
import { writeAdapters } from "../../../stages/format/model/peft/peft_folder.ts";
import { readSafetensors } from "../../../stages/format/model/safetensors.ts";
import { removeIfThere } from "../../../stages/disk/whole_files.ts";
import { readEvents } from "../../../stages/report/metrics.ts";
import type { EndLines } from "../../../stages/run/record_run.ts";
import type { Env } from "../../cli/pipeline.ts";
import { shellWord } from "../../cli/shell_word.ts";
import { readStream } from "../starting_weights.ts";
import { courseLines } from "./course_lines.ts";
import type { PosttrainName } from "./chat_schedule.ts";
import type { ChatValues } from "./starting_point.ts";

/** Writes the adapters of a run as PEFT has them, and returns its last lines. `name` is the pipeline's. */
export async function finishRun(name: PosttrainName, o: ChatValues, { out }: Env): Promise<EndLines> {
  const adapters = o.lora > 0 ? await peftFolder(out) : null, path = shellWord(out || `runs/${name}`);
  return {
    results: [
      ...courseLines(await readEvents(`${out}/metrics.jsonl`)),
      ...(adapters === null ? [] : [`Adapters: ${adapters}`]),
    ],
    hints: [
      `To talk to it: deno task pipeline chat --checkpoint ${path}`,
      `To sample: deno task pipeline sample --checkpoint ${path}`,
      ...(name === "sft" && o.initFrom === null
        ? [`To train it by the rewards of its answers: deno task pipeline rl --init-from ${path}`]
        : []),
    ],
  };
}

/** Writes the adapters of the newest checkpoint as a folder of PEFT. Returns its path. */
async function peftFolder(out: string): Promise<string> {
  const checkpoint = `${out}/checkpoints/${(await readText(`${out}/checkpoints/latest`)).trim()}`;
  const path = `${checkpoint}/stream.json`, { config, adapters } = await readStream(path);
  if (adapters === null) throw new Deno.errors.InvalidData(`${path} describes no adapters`);
  const { lora, base } = adapters;
  withLora(modelOf(config), lora); // throws if they do not fit
  const weights = await readSafetensors(`${checkpoint}/model.safetensors`), folder = `${out}/adapter`;
  await removeIfThere(folder);
  await writeAdapters(folder, { lora, weights, base, isTransposed: !isLlama(config) });
  return folder;
}
