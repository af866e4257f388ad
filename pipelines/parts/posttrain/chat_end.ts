/**
 * What the pipelines of post-training write at their end.
 *
 * @module
 */
import { readEvents } from "../../../stages/report/metrics.ts";
import type { EndLines } from "../../../stages/run/record_run.ts";
import type { Env } from "../../cli/pipeline.ts";
import { outOption } from "../resume/free_folder.ts";
import { shellWord } from "../../cli/shell_word.ts";
import { adapterLines } from "../model/peft_output.ts";
import { courseLines } from "./course_lines.ts";
import type { PosttrainName } from "./chat_schedule.ts";
import type { ChatValues } from "./starting_point.ts";

/** Writes the adapters of a run as PEFT has them, and returns its last lines. `name` is the pipeline's. */
export async function finishRun(name: PosttrainName, o: ChatValues, { out }: Env): Promise<EndLines> {
  const path = shellWord(out || `runs/${name}`);
  return {
    results: [
      ...courseLines(await readEvents(`${out}/metrics.jsonl`)),
      ...await adapterLines(o, { out }),
    ],
    hints: [
      `To talk to it: deno task pipeline chat --checkpoint ${path}`,
      `To sample: deno task pipeline sample --checkpoint ${path}`,
      ...(name === "sft" && o.initFrom === null
        ? [
          `To train it by the rewards of its answers: deno task pipeline rl --init-from ${path}${
            outOption("rl")
          }`,
        ]
        : []),
    ],
  };
}
