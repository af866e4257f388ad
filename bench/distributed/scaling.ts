/**
 * Scaling efficiency: `deno run -A bench/distributed/scaling.ts [pairs] [steps]`, as root, on idle cores, of
 * which there must be two.
 *
 * One process of one thread trains on two micro-batches a step, and two such processes on one each: on one
 * machine, and over links of three speeds. A pair of runs gives a ratio of their times; the efficiency is the
 * median of the ratios, halved.
 *
 * @module
 */
import { mpirun } from "../../tests/mpi.ts";
import { TwoNodes } from "../../tests/two_nodes.ts";
import { median } from "../peers/median.ts";
import { trained, writeTokens } from "./runs.ts";

/** 830,000 parameters, 512 tokens a micro-batch. */
const model = "--layers 4 --heads 4 --channels 128 --seq-len 128 --batch-size 4 --dropout 0 --workers 1";

const [pairs = 5, steps = 23] = Deno.args.map(Number);
const folder = await Deno.makeTempDir();
let number = 0;
try {
  const args = [...await writeTokens(folder), ...model.split(" ")];
  await measured("shared memory", args, mpirun("openmpi", 2));
  for (const megabits of [1000, 100, 10]) {
    await using nodes = await TwoNodes.open({ megabits });
    await measured(`${megabits} Mbit/s`, args, nodes.mpirun("openmpi"));
  }
} finally {
  await Deno.remove(folder, { recursive: true });
}

async function measured(name: string, args: readonly string[], start: readonly string[]): Promise<void> {
  const ratios: number[] = [], times: number[] = [];
  for (let i = 0; i < pairs; i++) {
    const one = async () =>
      (await trained([...args, "--grad-accum", "2"], { out: `${folder}/${number++}`, steps })).step;
    const two = async () =>
      (await trained([...args, "--grad-accum", "1"], { start, out: `${folder}/${number++}`, steps })).step;
    const [alone, both] = i % 2 === 0 ? [await one(), await two()] : [await two(), await one()].reverse();
    ratios.push(alone / both);
    times.push(both);
  }
  const efficiency = median(ratios) / 2, ms = 1000 * median(times);
  console.log(`${name}: ${ms.toFixed(0)} ms a step by two processes, efficiency ${efficiency.toFixed(2)}`);
}
