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

/**
 * Measured numbers of a run, without times: those of the updates first, because a GPU's results are read
 * late, several updates together.
 */
function numbersOf(events: readonly RunEvent[]): readonly number[] {
  return [
    ...events.flatMap((event) => event.type === "step" ? [event.loss, event.gradNorm] : []),
    ...events.flatMap((event) => event.type === "preference" ? [event.loss, event.margin] : []),
    ...events.flatMap((event) =>
      event.type === "rollout" ? [event.reward, event.entropy, event.length, event.kl ?? 0] : []
    ),
  ];
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

const world = "--world-steps 3 --batch-size 8 --check-every 3 --check-items 2";

const named = [
  ["sft", `sft ${world} --seq-len 64`, 1e-4],
  ["dpo", `dpo ${world} --seq-len 32`, 1e-4],
  ["rl", `rl ${world} --seq-len 32 --group 4 --kl 0.1`, 1e-3],
] as const;
for (const [name, args, tolerance] of named) {
  Deno.test(`${name} on a new model has the CPU's numbers on WebGPU, and resumes with the same bits`, async () => {
    await compare(args, { steps: 6, tolerance });
  });
}

/** Four pairs, and conversations of their better answers. */
async function writeExamples(dir: string): Promise<void> {
  const rows = ["a", "b", "c", "d"].map((q) => ({
    prompt: [{ role: "user", content: q }],
    chosen: [{ role: "assistant", content: "yes" }],
    rejected: [{ role: "assistant", content: "no" }],
  }));
  const chats = rows.map(({ prompt, chosen }) => JSON.stringify({ messages: [...prompt, ...chosen] }));
  await Deno.writeTextFile(`${dir}/pairs.jsonl`, rows.map((row) => JSON.stringify(row)).join("\n"));
  await Deno.writeTextFile(`${dir}/chats.jsonl`, chats.join("\n"));
}

for (
  const [name, model, data, weights] of [
    ["sft", Q8, "chats", "quantised weights"],
    ["dpo", "golden/models/llama", "pairs", "a model that is their reference"],
  ] as const
) {
  sharedTest(`${name} trains adapters over ${weights} on WebGPU as on the CPU`, [LLAMA, Q8], async (path) => {
    await withFolder(async (dir) => {
      await writeExamples(dir);
      const args = `${name} --init-from ${path(model)} --template chatml --data ${dir}/${data}.jsonl`;
      await compare(`${args} --lora 2 --lr 1e-2 --batch-size 4 --seq-len 32`, { steps: 4, tolerance: 1e-4 });
    });
  });
}
