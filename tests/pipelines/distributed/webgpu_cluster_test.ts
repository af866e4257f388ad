/**
 * Tests that processes train on WebGPU with the bits of one, on Deno's implementation and on Dawn, which is
 * Chrome's. The adapter computes in software, so that several processes can share it.
 *
 * @module
 */
import { deepStrictEqual, match } from "node:assert/strict";
import { installPackages } from "../../cluster.ts";
import { deadlined } from "../../kernels/dist/run_ranks.ts";
import { mpirun } from "../../mpi.ts";
import { softwareAdapter } from "../../software_adapter.ts";
import { withFolder } from "../../temporary.ts";
import { bitsOf, taskCommand, writeShards } from "./runs.ts";

await installPackages("openmpi-bin", "mpich");

/** A software adapter takes seconds to compile a kernel, so the model is as small as can be. */
const onGpu =
  "--layers 1 --heads 1 --channels 16 --seq-len 8 --batch-size 2 --vocab-size 257 --steps 3 --eval-every 0 --sample-every 0 --device webgpu --quiet"
    .split(" ");

for (const [task, mpi] of [["native", "openmpi"], ["dawn", "mpich"]] as const) {
  Deno.test(`${task}, ${mpi}: two processes on WebGPU train with the bits of one`, async () => {
    const env = await softwareAdapter();
    const trains = async (args: readonly string[], start: readonly string[] = []): Promise<string> => {
      const { code, out, err } = await deadlined(taskCommand(["train", ...args], { start, task }), {
        env,
        seconds: 400,
      });
      if (code !== 0) throw new Error(`ended with ${code}:\n${out}\n${err}`);
      return await Deno.readTextFile(`${args.at(-1)}/metrics.jsonl`);
    };
    await withFolder(async (dir) => {
      const args = [...await writeShards(`${dir}/shards`), ...onGpu];
      await trains([...args, "--grad-accum", "2", "--out", `${dir}/one`]);
      const events = await trains([...args, "--grad-accum", "1", "--out", `${dir}/two`], mpirun(mpi, 2));
      match(events, /"device":"webgpu: [^"]*, in each of 2 processes/);
      deepStrictEqual(await bitsOf(`${dir}/two`), await bitsOf(`${dir}/one`));
    });
  });
}
