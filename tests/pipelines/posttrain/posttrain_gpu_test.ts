/**
 * Tests post-training on WebGPU: the losses of the CPU engine, and resumed runs with the same bits.
 *
 * @module
 */
import { deepEqual, equal, ok } from "node:assert/strict";
import { readEvents } from "../../../stages/report/metrics.ts";
import type { RunEvent } from "../../../stages/flow/events.ts";
import { sharedTest } from "../../shared_data.ts";
import { runsHere } from "../in_process.ts";
import { withFolder } from "../program.ts";

const LLAMA = "golden/models/llama/model.safetensors", Q8 = "golden/gguf/tiny-llama-q8_0.gguf";

/** Measured numbers of a run, without times. */
function numbersOf(events: readonly RunEvent[]): readonly number[] {
  return events.flatMap((event) => {
    switch (event.type) {
      case "step":
        return [event.loss, event.gradNorm];
      case "preference":
        return [event.loss, event.margin];
      case "rollout":
        return [event.reward, event.entropy, event.length, event.kl ?? 0];
      default:
        return [];
    }
  });
}

/** Runs a command on the CPU, on WebGPU, and on WebGPU in two parts; compares their numbers. */
async function compare(
  args: string,
  { steps, tolerance }: { readonly steps: number; readonly tolerance: number },
) {
  await withFolder(async (dir) => {
    const run = async (out: string, device: string, until: number) => {
      const line = `${args} --quiet --schedule-steps ${steps} --checkpoint-every 1000 --steps ${until}`;
      await runsHere(0, `${line} --device ${device} --out ${dir}/${out}`);
      return numbersOf(await readEvents(`${dir}/${out}/metrics.jsonl`));
    };
    const cpu = await run("cpu", "cpu --workers 1", steps), gpu = await run("gpu", "webgpu", steps);
    equal(gpu.length, cpu.length);
    ok(cpu.length >= 2 * steps);
    const worst = Math.max(...gpu.map((x, i) => Math.abs(x - cpu[i]) / Math.max(1, Math.abs(cpu[i]))));
    ok(worst <= tolerance, `${worst} is above ${tolerance}: ${gpu}, on the CPU ${cpu}`);
    await run("parts", "webgpu", steps - 2);
    deepEqual(await run("parts", "webgpu", steps), gpu);
  });
}

const world = "--world-steps 3 --batch-size 8 --check-every 3 --check-items 2 --seq-len 32";

Deno.test("sft, dpo and rl on a new model have the CPU's numbers on WebGPU, and resume with the same bits", async () => {
  await compare(`sft ${world.replace("32", "64")}`, { steps: 6, tolerance: 1e-4 });
  await compare(`dpo ${world}`, { steps: 6, tolerance: 1e-4 });
  await compare(`rl ${world} --group 4 --kl 0.1`, { steps: 6, tolerance: 1e-3 });
});

sharedTest(
  "adapters train on WebGPU as on the CPU, over float32 and over quantised weights",
  [LLAMA, Q8],
  async (path) => {
    await withFolder(async (dir) => {
      const rows = ["a", "b", "c", "d"].map((q) => ({
        prompt: [{ role: "user", content: q }],
        chosen: [{ role: "assistant", content: "yes" }],
        rejected: [{ role: "assistant", content: "no" }],
      }));
      await Deno.writeTextFile(`${dir}/pairs.jsonl`, rows.map((row) => JSON.stringify(row)).join("\n"));
      const chats = rows.map(({ prompt, chosen }) => JSON.stringify({ messages: [...prompt, ...chosen] }));
      await Deno.writeTextFile(`${dir}/chats.jsonl`, chats.join("\n"));
      const shared = "--lora 2 --lr 1e-2 --batch-size 4 --seq-len 32";
      const from = (model: string) => `--init-from ${path(model)} --template chatml ${shared}`;
      await compare(`sft ${from(Q8)} --data ${dir}/chats.jsonl`, { steps: 4, tolerance: 1e-4 });
      await compare(`dpo ${from("golden/models/llama")} --data ${dir}/pairs.jsonl`, {
        steps: 4,
        tolerance: 1e-4,
      });
    });
  },
);
