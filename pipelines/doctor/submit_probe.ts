/**
 * The process that tries longer and longer submits: `submit_probe.ts GFLOPS SECONDS…`. It prints each length
 * that gave the right result. A driver may reset the GPU, which ends this process and not the doctor.
 *
 * @module
 */
import { trySubmit } from "./measure.ts";

const [gflops, ...lengths] = Deno.args.map(Number);
for (const seconds of lengths) {
  await trySubmit(seconds, gflops);
  console.log(seconds);
}
