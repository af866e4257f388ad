/**
 * One token of GPT-2 124M, for one text and for four at once, beside a copy of memory: GB/s are the MB by the time an
 * iteration, tokens a second the texts by it. decode_share.ts has them take turns and prints the share.
 *
 * @module
 */
import type { Engine } from "../kernels/engine/engine.ts";
import { benchEngines, keptOpen } from "./engines.ts";
import { type Moving, openCopy, openDecoding } from "./decoding.ts";

const benches: Readonly<Record<string, (engine: Engine) => Promise<Moving>>> = {
  "copy, 537 MB": openCopy,
  "decode, 504 MB, 1 tokens": openDecoding,
  "decode, 533 MB, 4 tokens": (engine) => openDecoding(engine, { texts: 4 }),
};

for (const [name, open] of Object.entries(benchEngines)) {
  for (const [what, openMoving] of Object.entries(benches)) {
    const opened = keptOpen(async () => {
      const moving = await openMoving(await open());
      await moving.run();
      return moving;
    });
    Deno.bench({
      name: `${name}, ${what}`,
      group: "decoding, GPT-2 124M",
      baseline: name === "wasm" && what.startsWith("copy"),
      n: 10,
      warmup: 1,
      fn: async (b) => {
        const moving = await opened();
        b.start();
        await moving.run();
        b.end();
      },
    });
  }
}
