/**
 * Share of a memory copy that decoding one token at a time reaches on the CPU engine, GPT-2 124M with random weights:
 * `deno run --frozen -A bench/decode_share.ts`. Copy and tokens take turns, so that both meet the same machine.
 *
 * @module
 */
import { openCpu } from "../kernels/engine/cpu/cpu_engine.ts";
import { type Moving, openCopy, openDecoding } from "./decoding.ts";

const TURNS = 15;

const engine = await openCpu();
const found: { name: string; texts: number; rates: number[]; moving: Moving }[] = [];
await using copy = await openCopy(engine);
await using one = await openDecoding(engine);
await using four = await openDecoding(engine, { texts: 4 });
found.push({ name: "copy", texts: 0, rates: [], moving: copy });
found.push({ name: "one text", texts: 1, rates: [], moving: one });
found.push({ name: "four texts at once", texts: 4, rates: [], moving: four });

for (let turn = -1; turn < TURNS; turn++) {
  for (const { moving, rates } of found) {
    await moving.run(); // wakes the threads of this session
    const before = performance.now();
    await moving.run();
    if (turn >= 0) rates.push(moving.bytes / (performance.now() - before) / 1e6);
  }
}

const median = (all: number[]) => all.toSorted((a, b) => a - b)[all.length >> 1];
const whole = median(found[0].rates);
console.log(`${engine.device}; medians of ${TURNS} turns`);
for (const { name, texts, rates, moving } of found) {
  const rate = median(rates);
  console.log([
    name.padEnd(20),
    `${(moving.bytes / 1e6).toFixed(0)} MB`.padStart(8),
    `${rate.toFixed(2)} GB/s`.padStart(12),
    ...(texts === 0 ? ["   read and written together"] : [
      `${(texts * rate * 1e9 / moving.bytes).toFixed(2)} tokens/s`.padStart(18),
      `${(100 * rate / whole).toFixed(0)} % of the copy`.padStart(18),
    ]),
  ].join(""));
}
