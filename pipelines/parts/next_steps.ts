/**
 * A training run's last lines: what came out, and what to type next.
 *
 * @module
 */
import type { EvalEvent } from "../../stages/flow/events.ts";
import { readEvents } from "../../stages/report/metrics.ts";
import type { Env } from "../cli/pipeline.ts";
import { exists } from "../../stages/disk/whole_files.ts";
import { shellWord } from "../cli/shell_word.ts";

/** Loss against the unigram model's, the last sample, and the commands that follow. */
export async function nextSteps(name: string, env: Env, steps: number | null): Promise<readonly string[]> {
  const events = await readEvents(`${env.out}/metrics.jsonl`);
  const evaluated = events.findLast((event) => event.type === "eval");
  const sample = events.findLast((event) => event.type === "sample");
  const out = env.out === `runs/${name}` ? "" : ` --out ${shellWord(env.out)}`;
  const tokenizer = await exists(`${env.out}/tokenizer`) ? "" : " --tokenizer NAME|PATH";
  const prompt = sample?.prompt ?? "The people";
  return [
    ...(sample === undefined
      ? []
      : ["", `Sample after ${sample.step} updates:`, `${sample.prompt ?? ""}${sample.text}`, ""]),
    ...(evaluated === undefined ? [] : [lossLine(evaluated)]),
    ...(steps === null ? [] : [`To train on:   deno task pipeline ${name}${out} --steps ${2 * steps}`]),
    `To sample:     deno task pipeline sample --checkpoint ${shellWord(env.out)}${tokenizer}${
      prompt === "" ? "" : ` --prompt ${shellWord(prompt)}`
    }`,
  ];
}

function lossLine({ valLoss, unigramLoss, bitsPerByte }: EvalEvent): string {
  const unigram = unigramLoss === undefined ? "" : `, a unigram model's is ${unigramLoss.toFixed(3)}`;
  const bits = bitsPerByte === undefined ? "" : `; ${bitsPerByte.toFixed(3)} bits a byte`;
  return `Validation loss ${valLoss.toFixed(3)} nats a token${unigram}${bits}`;
}
