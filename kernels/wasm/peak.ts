// @ts-nocheck: AssemblyScript, see build.ts
/**
 * The innermost kernel alone, over and over on one pair of panels in the first-level cache: the most that
 * products can reach. For bench/wasm_peak.ts, in no committed build.
 *
 * @module
 */
import { tile } from "./tile.ts";

const STEPS: usize = 256;

/** Floating-point operations of one round. */
export const flops: f64 = 2 * 8 * 8 * 256;

/** Multiplies so many times. */
export function peak(rounds: i32): void {
  for (let i = 0; i < rounds; i++) tile(STEPS, 65536, 65536 + 8192, 65536 + 16384, 32, false);
}
