/**
 * Decoding of one token by GPT-2 124M, for one text and for four at once, and a copy of memory to compare
 * with. A bench's name contains the MB and tokens of one iteration: divide them by the seconds per iteration.
 * decode_bandwidth.ts measures the same in turns and prints the bandwidth relative to the copy.
 *
 * @module
 */
import type { Engine } from "../kernels/engine/engine.ts";
import { benchEngines, openOnce } from "./engines.ts";
import { type MemoryWorkload, openCopy, openDecoding } from "./decoding.ts";

const benches: Readonly<Record<string, (engine: Engine) => Promise<MemoryWorkload>>> = {
  "copy, 537 MB": openCopy,
  "decode, 504 MB, 1 tokens": openDecoding,
  "decode, 533 MB, 4 tokens": (engine) => openDecoding(engine, { texts: 4 }),
};

for (const [name, open] of Object.entries(benchEngines)) {
  for (const [what, openWorkload] of Object.entries(benches)) {
    const opened = openOnce(async () => {
      const workload = await openWorkload(await open());
      await workload.run();
      return workload;
    });
    Deno.bench({
      name: `${name}, ${what}`,
      group: "decoding, GPT-2 124M",
      baseline: name === "wasm" && what.startsWith("copy"),
      n: 10,
      warmup: 1,
      fn: async (b) => {
        const workload = await opened();
        b.start();
        await workload.run();
        b.end();
      },
    });
  }
}
