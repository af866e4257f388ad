/**
 * Tests `train` on a device against llm.c: the same model, tokens and options give the same losses.
 *
 * @module
 */
import { ok } from "node:assert/strict";
import { sharedTest } from "../shared_data.ts";
import { eventsOf, runsTo, withFolder } from "./program.ts";

const golden =
  "--shuffle none --batch-size 4 --seq-len 64 --lr 1e-3 --min-lr 1e-3 --schedule constant --warmup 0 --beta1 0.9 --beta2 0.999 --weight-decay 0 --grad-clip 0 --steps 20 --eval-every 0 --sample-every 0 --quiet"
    .split(" ");

/** Registers a test that `train` on `device` prints the losses of llm.c's 20 steps. */
export function llmcCourse(device: "cpu" | "webgpu"): void {
  sharedTest(
    `train --init-from llm.c's model on llm.c's tokens prints llm.c's losses, on ${device}`,
    ["golden/gpt.bin", "golden/tokens.bin", "golden/llmc.txt"],
    async (path) => {
      await withFolder(async (dir) => {
        const from = ["--init-from", path("golden/gpt.bin"), "--train-shards", path("golden/tokens.bin")];
        await runsTo(0, ["train", ...from, "--out", `${dir}/run`, "--device", device, ...golden]);
        const printed = await Deno.readTextFile(path("golden/llmc.txt"));
        const wanted = [...printed.matchAll(/^step \d+ loss ([\d.]+)/gm)].map((m) => Number(m[1]));
        const losses = (await eventsOf(`${dir}/run`)).filter((e) => e.type === "step").map((e) => e.loss);
        ok(wanted.length >= 20 && losses.length === 20, `${wanted.length}, ${losses.length} losses`);
        losses.forEach((loss, i) =>
          ok(Math.abs(loss - wanted[i]) < 2e-4, `step ${i}: ${loss}, llm.c ${wanted[i]}`)
        );
      });
    },
  );
}
