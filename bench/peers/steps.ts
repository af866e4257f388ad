/**
 * Training steps of the CPU engine as a peer in a separate process (see peer.ts), since V8 flags apply to a
 * whole process. Arguments: a size of training_step.ts as JSON, and the number of threads.
 *
 * @module
 */
import { openCpu } from "../../kernels/engine/cpu/cpu_engine.ts";
import { TextLineStream } from "../../stages/flow/std.ts";
import { openTrainingStep } from "../training_step.ts";

const [size, threads] = Deno.args.map((text) => JSON.parse(text));
const engine = await openCpu({ threads });
await using training = await openTrainingStep(engine, size);
await training.step();
console.log(engine.device);
for await (
  const line of Deno.stdin.readable.pipeThrough(new TextDecoderStream()).pipeThrough(new TextLineStream())
) {
  const steps = Number(line), before = performance.now();
  for (let i = 0; i < steps; i++) await training.step();
  console.log((performance.now() - before) / 1000 / steps);
}
