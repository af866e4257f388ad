/**
 * Tests that need a BLAS on the machine: Accelerate, or OpenBLAS. Where there is none they are ignored and say so.
 *
 * @module
 */
import { findBlas } from "../kernels/engine/cpu/blas.ts";

/** Whether this machine has one that the CPU engine can use. */
export const hasBlas: boolean = await findBlas("auto") !== null;

/** A test that needs one. */
export function blasTest(name: string, run: (t: Deno.TestContext) => void | Promise<void>): void {
  if (hasBlas) Deno.test(name, run);
  else {Deno.test({
      name: `${name} (ignored: no BLAS here: install libopenblas0)`,
      ignore: true,
      fn: () => {},
    });}
}
