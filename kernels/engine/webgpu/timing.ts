/// <reference types="@webgpu/types" />
/**
 * How long each kernel of a call takes on a GPU, on memory of its own; kernels that do not compile here, or whose results
 * differ from the untried one's, are left out.
 *
 * @module
 */
import { callKey } from "../../core/op.ts";
import type { Call } from "../../core/graph.ts";
import { dispatchesOf, scratchOf } from "../../core/wgsl.ts";
import type { WgslKernel } from "../../core/gpu.ts";
import type { WebgpuDevice } from "./device.ts";
import { TrialMemory } from "./trial_memory.ts";

/** Seconds that one measurement should take at least: clocks of a GPU rise, and waiting for it costs some 10 ms. */
const LEAST_SECONDS = 0.03;
const ROUNDS = 3;
/** Slower than the fastest by this after the first round: not measured again. */
const HOPELESS = 1.5;
/** Results that are compared. */
const COMPARED = 1 << 16;
/**
 * How far results may differ, in units of their root mean square: all variants round alike, so only the order of sums
 * differs, which is 1e-5 at most.
 */
const ALLOWED = 1e-3;

/** A variant that works. */
interface Candidate {
  readonly name: string;
  readonly run: (times: number) => Promise<void>;
  seconds: number;
}

/** Seconds of one run of a call by each variant that works; empty where its memory does not fit a second time. */
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
  let wanted: Float32Array | null = null;
  for (const [i, name] of names.entries()) {
    const run = await prepared(device, { memory, kernel: kernels[i], label: `${call.op.name}, ${name}` });
    if (run === null) continue;
    await memory.fill();
    await run(1);
    const found = await memory.result(COMPARED);
    wanted ??= found;
    if (agree(found, wanted)) candidates.push({ name, run, seconds: Infinity });
  }
  await measure(candidates);
  return new Map(candidates.map(({ name, seconds }) => [name, seconds]));
}

/** Takes turns, so that what slows the machine for a while slows all; the fastest of a candidate's rounds counts. */
async function measure(candidates: readonly Candidate[]): Promise<void> {
  let racing = candidates, times = 1;
  const [first] = candidates;
  while (first !== undefined && times < 1024 && await clocked(() => first.run(times)) < LEAST_SECONDS) {
    times *= 2;
  }
  for (let round = 0; round < ROUNDS && racing.length > 1; round++) {
    for (const candidate of racing) {
      candidate.seconds = Math.min(candidate.seconds, await clocked(() => candidate.run(times)) / times);
    }
    const best = Math.min(...racing.map(({ seconds }) => seconds));
    racing = racing.filter(({ seconds }) => seconds <= HOPELESS * best);
  }
}

async function clocked(work: () => Promise<void>): Promise<number> {
  const before = performance.now();
  await work();
  return (performance.now() - before) / 1000;
}

/** Compiles a kernel; null where the driver cannot. */
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

function agree(found: Float32Array, wanted: Float32Array): boolean {
  const root = Math.sqrt(wanted.reduce((sum, x) => sum + x * x, 0) / wanted.length);
  return found.every((value, i) => Math.abs(value - wanted[i]) <= ALLOWED * root);
}
