/// <reference types="@webgpu/types" />
/**
 * Measures how long each kernel variant of a call takes on a GPU. The kernels run in memory that is allocated
 * for the measurement. Variants that do not compile on this GPU, or whose results differ from those of the
 * first variant, are left out.
 *
 * @module
 */
import { callKey } from "../../core/op.ts";
import type { Call } from "../../core/graph.ts";
import { dispatchesOf, scratchOf } from "../../core/wgsl.ts";
import type { WgslKernel } from "../../core/gpu.ts";
import type { WebgpuDevice } from "./device.ts";
import { TrialMemory } from "./trial_memory.ts";

/**
 * Minimum seconds of one measurement: a GPU raises its clock under load, and waiting for the GPU to finish
 * costs about 10 ms.
 */
const MIN_SECONDS = 0.03;
const ROUNDS = 3;
/** A variant that takes this many times as long as the fastest is not measured again. */
const DROP_ABOVE = 1.5;
/** Number of output elements that are compared. */
const COMPARED = 1 << 16;
/**
 * Largest allowed difference between results, relative to their root mean square. All variants round their
 * operands alike and differ only in the order of sums, which changes results by 1e-5 at most.
 */
const TOLERANCE = 1e-3;

/** A variant that gives correct results. */
interface Candidate {
  readonly name: string;
  readonly run: (times: number) => Promise<void>;
  seconds: number;
}

/**
 * Returns the time in seconds of one run of a call, for each variant that works on this GPU. The result is
 * empty if the GPU has no memory left for a second copy of the call's tensors.
 */
export async function timeVariants(
  device: WebgpuDevice,
  call: Call,
  names: readonly string[],
): Promise<ReadonlyMap<string, number>> {
  const kernels = names.map((name) =>
    call.op.wgsl(call, { ...device.gpu, choices: new Map([[callKey(call), name]]) })
  );
  const scratchBytes = Math.max(...kernels.map(scratchOf));
  await using memory = await TrialMemory.allocate(device, { call, scratchBytes });
  if (memory === null) return new Map();
  const candidates: Candidate[] = [];
  let expected: Float32Array | null = null;
  for (const [i, name] of names.entries()) {
    const run = await prepared(device, { memory, kernel: kernels[i], label: `${call.op.name}, ${name}` });
    if (run === null) continue;
    await memory.fill();
    await run(1);
    const result = await memory.result(COMPARED);
    expected ??= result;
    if (agree(result, expected)) candidates.push({ name, run, seconds: Infinity });
  }
  await measure(candidates);
  return new Map(candidates.map(({ name, seconds }) => [name, seconds]));
}

/**
 * Measures the candidates in rounds, so that a temporary slowdown of the machine affects all of them. Each
 * candidate's fastest round counts.
 */
async function measure(candidates: readonly Candidate[]): Promise<void> {
  let racing = candidates, times = 1;
  const [first] = candidates;
  while (first !== undefined && times < 1024 && await clocked(() => first.run(times)) < MIN_SECONDS) {
    times *= 2;
  }
  for (let round = 0; round < ROUNDS && racing.length > 1; round++) {
    for (const candidate of racing) {
      candidate.seconds = Math.min(candidate.seconds, await clocked(() => candidate.run(times)) / times);
    }
    const best = Math.min(...racing.map(({ seconds }) => seconds));
    racing = racing.filter(({ seconds }) => seconds <= DROP_ABOVE * best);
  }
}

async function clocked(work: () => Promise<void>): Promise<number> {
  const before = performance.now();
  await work();
  return (performance.now() - before) / 1000;
}

/**
 * Compiles a kernel and returns a function that runs it a given number of times; null if it does not compile.
 */
async function prepared(
  device: WebgpuDevice,
  { memory, kernel, label }: { memory: TrialMemory; kernel: WgslKernel; label: string },
): Promise<Candidate["run"] | null> {
  const { length } = memory.buffers;
  const steps: { pipeline: GPUComputePipeline; workgroups: WgslKernel["workgroups"] }[] = [];
  try {
    for (const { code, workgroups } of dispatchesOf(kernel)) {
      steps.push({ pipeline: await device.pipeline(code, { label, bindings: length }), workgroups });
    }
  } catch (error) {
    if (error instanceof SyntaxError) return null;
    throw error;
  }
  const entries = memory.buffers.map((buffer, binding) => ({ binding, resource: { buffer } }));
  const group = device.device.createBindGroup({ layout: device.layout(length).group, entries });
  return async (times) => {
    const encoder = device.device.createCommandEncoder(), pass = encoder.beginComputePass();
    pass.setBindGroup(0, group);
    for (let time = 0; time < times; time++) {
      for (const { pipeline, workgroups } of steps) {
        pass.setPipeline(pipeline);
        pass.dispatchWorkgroups(...workgroups);
      }
    }
    pass.end();
    device.device.queue.submit([encoder.finish()]);
    await device.orLost(device.device.queue.onSubmittedWorkDone());
  };
}

function agree(result: Float32Array, expected: Float32Array): boolean {
  const rms = Math.sqrt(expected.reduce((sum, x) => sum + x * x, 0) / expected.length);
  return result.every((value, i) => Math.abs(value - expected[i]) <= TOLERANCE * rms);
}
