/**
 * The last lines of a training run: its results, and the commands to type next.
 *
 * @module
 */
import { exists } from "../../stages/disk/whole_files.ts";
import type { EvalEvent } from "../../stages/flow/events.ts";
import { wordsLine } from "../../stages/report/event_lines.ts";
import { readEvents } from "../../stages/report/metrics.ts";
import type { EndLines } from "../../stages/run/record_run.ts";
import type { Env } from "../cli/pipeline.ts";
import { textName } from "../../stages/report/compared_bits.ts";
import { shellWord } from "../cli/shell_word.ts";

/**
 * Returns the validation loss compared with a unigram model's, and the commands to type next. `longer` are
 * the options of a longer run.
 */
export async function nextSteps(
  name: string,
  { env, longer }: { readonly env: Env; readonly longer: string | null },
): Promise<EndLines> {
  const events = await readEvents(`${env.out}/metrics.jsonl`);
  const evaluated = events.findLast((event) => event.type === "eval");
  const sample = events.findLast((event) => event.type === "sample");
  // Those of an earlier update say nothing about the model.
  const words = events.findLast(({ type }) => type === "step" || type === "words");
  const out = env.out === `runs/${name}` ? "" : ` --out ${shellWord(env.out)}`;
  const tokenizer = await exists(`${env.out}/tokenizer`) ? "" : " --tokenizer NAME|PATH";
  const prompt = sample?.prompt ?? "The people";
  return {
    results: [
      ...(evaluated === undefined ? [] : [lossLine(evaluated)]),
      ...(words?.type === "words" ? [wordsLine(words)] : []),
    ],
    hints: [
      ...(longer === null ? [] : [`To train longer:  deno task pipeline ${name}${out} ${longer}`]),
      `To sample:        deno task pipeline sample --checkpoint ${shellWord(env.out)}${tokenizer}${
        prompt === "" ? "" : ` --prompt ${shellWord(prompt)}`
      }`,
    ],
  };
}

function lossLine(event: EvalEvent): string {
  const { valLoss, unigramLoss, bitsPerByte } = event;
  const unigram = unigramLoss === undefined ? "" : ` (a unigram model: ${unigramLoss.toFixed(3)})`;
  const bits = bitsPerByte === undefined
    ? ""
    : `; ${bitsPerByte.toFixed(3)} bits per byte (${textName(event)})`;
  return `Validation loss ${valLoss.toFixed(3)} nats per token${unigram}${bits}`;
}
