/**
 * Computes one hash of the results of all ops on the CPU engine. Run as a program, it prints the hash, so
 * that a test can check whether two processes compute the same bits.
 *
 * @module
 */
import { openCpu } from "../../../../kernels/engine/cpu/cpu_engine.ts";
import { ops } from "../../../../kernels/ops/list.ts";
import { runCases, smallCases } from "../../../../kernels/parity/run_cases.ts";

/** Returns the SHA-256 of the bytes of all results, in hexadecimal. */
export async function cpuBits(): Promise<string> {
  const results = await runCases(await openCpu({ threads: 2 }), smallCases(ops), { seed: 6, times: 1 });
  const parts = results.flat(2).map((values) => new Uint8Array(new Float64Array(values).buffer));
  const digest = await crypto.subtle.digest("SHA-256", await new Blob(parts).arrayBuffer());
  return new Uint8Array(digest).toHex();
}

if (import.meta.main) console.log(await cpuBits());
