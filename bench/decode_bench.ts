/**
 * Benches of decoding one token with GPT-2 124M, for one text and for four texts at once, and a memory copy
 * for comparison. A bench's name contains the MB and tokens of one iteration; divide them by the seconds per
 * iteration to get rates. decode_bandwidth.ts alternates between decoding and copying, and prints the
 * bandwidth relative to the copy.
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
