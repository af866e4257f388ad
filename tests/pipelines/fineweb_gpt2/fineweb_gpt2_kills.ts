/**
 * Runs of `fineweb-gpt2` that are killed and resumed.
 *
 * @module
 */
import { deepStrictEqual, ok } from "node:assert/strict";
import { killedAt, same } from "../kill.ts";
import { runsTo, small, start, withFolder } from "../program.ts";

/** Options that set how often the runs evaluate and sample. */
export const intervals: readonly string[] = "--eval-every 20 --sample-every 30".split(" ");

/**
 * Kills a run at each of `moments` (see `killedAt`) and resumes it. Throws if the run's final result is not
 * bit for bit that of an uninterrupted run.
 */
export async function finewebGpt2Killed(moments: readonly (string | number)[]): Promise<void> {
  await withFolder(async (dir) => {
    const args = [...small, ...intervals, "--steps", "30", "--checkpoint-every", "5", "--json"];
    await runsTo(0, ["fineweb-gpt2", "--out", `${dir}/whole`, ...args]);
    const out = `${dir}/killed`;
    await Deno.mkdir(out);
    const kills: string[] = [];
    for (const moment of moments) {
      const process = start(["fineweb-gpt2", "--out", out, ...args]);
      if (await killedAt(moment, { process, out })) kills.push(String(moment));
    }
    ok(kills.length >= moments.length - 1 && kills.includes("writing"), `killed at ${kills}`);
    await runsTo(0, ["fineweb-gpt2", "--out", out, ...args]);
    await same(`${dir}/whole`, out, filesAt("step-000030"));
    const left = [...Deno.readDirSync(`${out}/checkpoints`)].map(({ name }) => name).sort();
    deepStrictEqual(left, ["best", "latest", "step-000020", "step-000025", "step-000030"]);
  });
}

/** Returns files that must be identical in an interrupted and an uninterrupted run. */
export function filesAt(step: string): readonly string[] {
  return [
    `checkpoints/${step}/model.safetensors`,
    `checkpoints/${step}/optimizer.safetensors`,
    "shards/val_000000.bin",
    "shards/train_000000.bin",
  ];
}
