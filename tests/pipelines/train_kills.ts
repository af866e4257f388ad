/**
 * Runs of `train` that are killed and resumed.
 *
 * @module
 */
import { ok } from "node:assert/strict";
import { uniformAt } from "../../kernels/random/philox.ts";
import { bytesOfTokens } from "../../stages/format/tokens/token_file.ts";
import { killedAt, same } from "./kill.ts";
import { runsTo, start, withFolder } from "./program.ts";

/**
 * Kills a run of `train` at `times` random moments, half of them while a checkpoint is being written, and
 * resumes it each time. Throws if the run's final result is not bit for bit that of an uninterrupted run.
 */
export async function trainKilled(times: number): Promise<void> {
  await withFolder(async (dir) => {
    const tokens = Uint32Array.from(
      { length: 20_000 },
      (_, i) => Math.floor(50 * uniformAt(1, "tokens", i) ** 2),
    );
    for (const name of ["train", "val"]) await Deno.writeFile(`${dir}/${name}.bin`, bytesOfTokens(tokens, 2));
    const args = [
      ..."train --shard-format nanogpt --vocab-size 50 --layers 1 --heads 2 --channels 16 --seq-len 16".split(
        " ",
      ),
      ..."--batch-size 4 --dropout 0.1 --steps 120 --checkpoint-every 3 --eval-every 6 --eval-batches 2 --json"
        .split(" "),
      ...["--train-shards", `${dir}/train.bin`, "--val-shards", `${dir}/val.bin`],
    ];
    await runsTo(0, [...args, "--out", `${dir}/whole`]);
    const out = `${dir}/killed`;
    await Deno.mkdir(out);
    let kills = 0;
    for (let i = 0; i < times; i++) {
      const moment = i % 2 === 0 ? 1 + Math.floor(7 * uniformAt(7, "kill", i)) : "writing";
      if (await killedAt(moment, { process: start([...args, "--out", out]), out })) kills++;
    }
    await runsTo(0, [...args, "--out", out]);
    ok(kills >= 0.9 * times, `${kills} kills`); // a run may end before it is killed
    const files = ["model.safetensors", "optimizer.safetensors"];
    await same(`${dir}/whole`, out, files.map((name) => `checkpoints/step-000120/${name}`));
  });
}
