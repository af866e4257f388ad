/**
 * Lets all ranks know whether each has opened its device, and the same one.
 *
 * @module
 */
import type { Ranks } from "../../dist/ranks.ts";

const BYTES = 512; // of each rank's text

/**
 * Exchanges what each rank has opened: the description of its device, or an error. Throws Error on rank 0 if
 * a rank could not open its device, and RangeError if the devices differ, whose results would too.
 */
export async function agreeOnDevices(ranks: Ranks, own: string | Error): Promise<void> {
  const text = own instanceof Error ? `!${own.message}` : deviceWithoutThreads(own);
  const bytes = new Uint8Array(BYTES);
  new TextEncoder().encodeInto(text, bytes);
  const all = new Uint8Array((await ranks.gather(new Float32Array(bytes.buffer))).buffer);
  const texts = Array.from(
    { length: ranks.size },
    (_, rank) =>
      new TextDecoder().decode(all.subarray(rank * BYTES, (rank + 1) * BYTES)).replace(/\0.*$/s, ""),
  );
  if (own instanceof Error) throw own;
  if (ranks.rank !== 0) return;
  const failed = texts.findIndex((text) => text.startsWith("!"));
  if (failed >= 0) throw new Error(`Rank ${failed} cannot open its device: ${texts[failed].slice(1)}`);
  const other = texts.findIndex((text) => text !== texts[0]);
  if (other < 0) return;
  throw new RangeError(
    `Cannot compute on different devices, whose results differ: rank 0 has ${texts[0]}, rank ${other} ${
      texts[other]
    }: use --device cpu --blas off, or start the processes on machines of one kind`,
  );
}

/** Returns a device's description without the number of its threads, which does not change a bit. */
export function deviceWithoutThreads(device: string): string {
  return device.replace(/, (\d+ threads?|the calling thread)/, "");
}
