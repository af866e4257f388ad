/**
 * Compares runs of `fineweb-gpt2` on two devices.
 *
 * @module
 */
import { ok, strictEqual } from "node:assert/strict";
import { eventsOf, runsTo, small, unfiltered, withFolder } from "../program.ts";

/**
 * Throws unless the losses of a run on WebGPU are within 1e-4 of those on the CPU. The runs are evaluated in
 * the middle and at the end. `task` is the task of the run on WebGPU.
 */
export async function webgpuTrainsAsCpu(
  steps: number,
  { task = "pipeline" }: { readonly task?: string } = {},
): Promise<void> {
  await withFolder(async (dir) => {
    const losses = async (device: string) => {
      const intervals = [
        "--steps",
        `${steps}`,
        "--eval-every",
        `${steps / 2}`,
        "--sample-every",
        "0",
        "--quiet",
      ];
      await runsTo(0, [
        device === "webgpu" ? task : "pipeline",
        "fineweb-gpt2",
        "--out",
        `${dir}/${device}`,
        ...small,
        ...unfiltered,
        ...intervals,
        "--device",
        device,
      ]);
      const events = await eventsOf(`${dir}/${device}`);
      return events.flatMap((e) => e.type === "step" ? [e.loss] : e.type === "eval" ? [e.valLoss] : []);
    };
    const cpu = await losses("cpu"), webgpu = await losses("webgpu");
    strictEqual(webgpu.length, cpu.length);
    cpu.forEach((loss, i) => ok(Math.abs(loss - webgpu[i]) < 1e-4, `event ${i}: ${loss} and ${webgpu[i]}`));
  });
}
