/**
 * Measures the memory bandwidth of one-token decoding on the CPU engine, relative to a memory copy. The model
 * is GPT-2 124M with random weights. Run `deno run -A bench/decode_bandwidth.ts`. Copying and
 * decoding alternate, so that both see the same load on the machine.
 *
 * @module
 */
import { openCpu } from "../kernels/engine/cpu/cpu_engine.ts";
import { type MemoryWorkload, openCopy, openDecoding } from "./decoding.ts";
import { median } from "./peers/median.ts";

const TURNS = 15;

const engine = await openCpu();
const workloads: { name: string; texts: number; rates: number[]; workload: MemoryWorkload }[] = [];
await using copy = await openCopy(engine);
await using one = await openDecoding(engine);
await using four = await openDecoding(engine, { texts: 4 });
workloads.push({ name: "copy", texts: 0, rates: [], workload: copy });
workloads.push({ name: "one text", texts: 1, rates: [], workload: one });
workloads.push({ name: "four texts at once", texts: 4, rates: [], workload: four });

for (let turn = -1; turn < TURNS; turn++) {
  for (const { workload, rates } of workloads) {
    await workload.run(); // wakes the threads of this session
    const before = performance.now();
    await workload.run();
    if (turn >= 0) rates.push(workload.bytes / (performance.now() - before) / 1e6);
  }
}

const copyRate = median(workloads[0].rates);
console.log(`${engine.device}; medians of ${TURNS} turns`);
for (const { name, texts, rates, workload } of workloads) {
  const rate = median(rates);
  console.log([
    name.padEnd(20),
    `${(workload.bytes / 1e6).toFixed(0)} MB`.padStart(8),
    `${rate.toFixed(2)} GB/s`.padStart(12),
    ...(texts === 0 ? ["   read and written"] : [
      `${(texts * rate * 1e9 / workload.bytes).toFixed(2)} tokens/s`.padStart(18),
      `${(100 * rate / copyRate).toFixed(0)} % of the copy`.padStart(18),
    ]),
  ].join(""));
}
