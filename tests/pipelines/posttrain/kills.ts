/**
 * Runs of sft, dpo and rl that are killed and resumed.
 *
 * @module
 */
import { deepStrictEqual, ok } from "node:assert/strict";
import { uniformAt } from "../../../kernels/random/philox.ts";
import { readEvents } from "../../../stages/report/metrics.ts";
import { killedAt, same } from "../kill.ts";
import { runsTo, start, withFolder } from "../program.ts";

/** A run: its arguments without the folder and the steps, and its last step. */
export interface KilledRun {
  /** The arguments; `dir` is a folder for files of one's own. */
  args(dir: string): readonly string[] | Promise<readonly string[]>;
  /** Number of steps. */
  readonly steps: number;
}

const quick = "--device cpu --workers 1 --json --checkpoint-every 3";

/** New models, which learn the little world first. */
export const newModels: Readonly<Record<"sft" | "dpo" | "rl", KilledRun>> = {
  sft: {
    args: () => `sft ${quick} --world-steps 6 --batch-size 4 --check-every 7 --check-items 2`.split(" "),
    steps: 24,
  },
  dpo: {
    args: () => `dpo ${quick} --world-steps 5 --batch-size 4 --check-every 7 --check-items 2`.split(" "),
    steps: 20,
  },
  rl: {
    args: () =>
      (`rl ${quick} --world-steps 5 --batch-size 8 --group 4 --seq-len 40 --kl 0.1 --tools calculator,code ` +
        "--check-every 6 --check-items 2").split(" "),
    steps: 18,
  },
};

/** What does not depend on time: steps, rollouts, pairs, checks and texts. */
async function courseOf(out: string): Promise<unknown[]> {
  const kept = new Set(["step", "rollout", "preference", "task", "sample"]);
  return (await readEvents(`${out}/metrics.jsonl`)).filter(({ type }) => kept.has(type))
    .map((event) => ({ ...event, elapsed: 0, tokensPerSecond: 0 }));
}

/**
 * Kills a run at `times` random moments, half of them while a checkpoint is being written, and resumes it
 * each time. Throws if its answers, losses or weights are not bit for bit those of an uninterrupted run.
 */
export async function posttrainKilled({ args, steps }: KilledRun, times: number): Promise<void> {
  await withFolder(async (dir) => {
    const all = [...await args(dir), "--steps", `${steps}`], out = `${dir}/killed`;
    await runsTo(0, [...all, "--out", `${dir}/whole`]);
    await Deno.mkdir(out);
    let kills = 0;
    for (let i = 0; i < times; i++) {
      const moment = i % 2 === 0 ? "writing" : 1 + Math.floor(5 * uniformAt(7, "kill", i));
      if (await killedAt(moment, { process: start([...all, "--out", out]), out })) kills++;
    }
    ok(kills > 0, "the run was never killed");
    await runsTo(0, [...all, "--out", out]);
    deepStrictEqual(await courseOf(out), await courseOf(`${dir}/whole`));
    const last = `checkpoints/step-${String(steps).padStart(6, "0")}`;
    await same(`${dir}/whole`, out, ["model", "optimizer"].map((name) => `${last}/${name}.safetensors`));
  });
}
