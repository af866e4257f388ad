// @ts-nocheck: AssemblyScript, see build.ts
/**
 * The micro-kernel alone, called repeatedly with one pair of panels in the first-level cache: the upper bound
 * for the speed of matrix products. It is compiled by bench/wasm_peak.ts and is not in any of the committed
 * modules.
 *
 * @module
 */
import { tile } from "./tile.ts";

const STEPS: usize = 256;

/** Number of floating-point operations of one round. */
export const flops: f64 = 2 * 8 * 8 * 256;

/** Runs the micro-kernel `rounds` times. */
export function peak(rounds: i32): void {
  for (let i = 0; i < rounds; i++) tile(STEPS, 65536, 65536 + 8192, 65536 + 16384, 32, false);
}
