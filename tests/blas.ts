/**
 * Tests that need a BLAS library, Accelerate or OpenBLAS. Without one they are ignored, and their names say
 * why.
 *
 * @module
 */
import { findBlas } from "../kernels/engine/cpu/blas.ts";

/** Whether the CPU engine can use a BLAS library of this machine. */
export const hasBlas: boolean = await findBlas("auto") !== null;

/** Registers a test that needs a BLAS library. */
export function blasTest(name: string, run: (t: Deno.TestContext) => void | Promise<void>): void {
  if (hasBlas) Deno.test(name, run);
  else {Deno.test({
      name: `${name} (ignored: no BLAS here: install libopenblas0)`,
      ignore: true,
      fn: () => {},
    });}
}
