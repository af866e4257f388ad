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
import { type Dispatch, encodeDispatches } from "./dispatch.ts";
import { countOf, splittable } from "./split.ts";
import { SubmitPace, workOf } from "./submit_pace.ts";
import { type PassStamps, TrialClock } from "./trial_clock.ts";
import { TrialMemory } from "./trial_memory.ts";

/** Minimum seconds of one measurement: a GPU raises its clock under load. */
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

/**
 * Limit of a dispatch in seconds at the rate of the fastest variant so far. Slow variants take twenty times
 * as long, and even these must end before a driver resets the GPU.
 */
const DISPATCH_SECONDS = 0.05;

/** A variant that gives correct results. */
interface Candidate {
  readonly name: string;
  readonly run: (times: number, stamps?: PassStamps | null) => Promise<void>;
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
  const memory = await TrialMemory.allocate(device, { call, scratchBytes });
  if (memory === null) return new Map();
  try { // no `using` declaration, which not all browsers parse
    const candidates = await correctVariants(device, { call, names, kernels, memory });
    const clock = await TrialClock.open(device);
    try {
      await measure(candidates, clock);
    } finally {
      clock[Symbol.dispose]();
    }
    return new Map(candidates.map(({ name, seconds }) => [name, seconds]));
  } finally {
    await memory[Symbol.asyncDispose]();
  }
}

/** Runs each variant once and returns those whose results agree with the first one's. */
async function correctVariants(
  device: WebgpuDevice,
  { call, names, kernels, memory }: {
    readonly call: Call;
    readonly names: readonly string[];
    readonly kernels: readonly WgslKernel[];
    readonly memory: TrialMemory;
  },
): Promise<readonly Candidate[]> {
  const candidates: Candidate[] = [], pace = new SubmitPace({ dispatchSeconds: DISPATCH_SECONDS });
  let expected: Float32Array | null = null;
  for (const [i, name] of names.entries()) {
    const label = `${call.op.name}, ${name}`;
    const run = await prepared(device, { call, memory, kernel: kernels[i], label, pace });
    if (run === null) continue;
    await memory.fill();
    await run(1);
    const result = await memory.result(COMPARED);
    expected ??= result;
    if (agree(result, expected)) candidates.push({ name, run, seconds: Infinity });
  }
  return candidates;
}

/**
 * Measures the candidates in rounds, so that a temporary slowdown of the machine affects all of them. Each
 * candidate's fastest round counts.
 */
async function measure(candidates: readonly Candidate[], clock: TrialClock): Promise<void> {
  const secondsOf = ({ run }: Candidate, times: number) => clock.seconds((stamps) => run(times, stamps));
  let racing = candidates, times = 1;
  const [first] = candidates;
  while (first !== undefined && times < 1024 && await secondsOf(first, times) < MIN_SECONDS) {
    times *= 2;
  }
  for (let round = 0; round < ROUNDS && racing.length > 1; round++) {
    for (const candidate of racing) {
      candidate.seconds = Math.min(candidate.seconds, await secondsOf(candidate, times) / times);
    }
    const best = Math.min(...racing.map(({ seconds }) => seconds));
    racing = racing.filter(({ seconds }) => seconds <= DROP_ABOVE * best);
  }
}

/**
 * Compiles a kernel and returns a function that runs it a given number of times; null if it does not compile.
 */
async function prepared(
  device: WebgpuDevice,
  { call, memory, kernel, label, pace }: {
    readonly call: Call;
    readonly memory: TrialMemory;
    readonly kernel: WgslKernel;
    readonly label: string;
    readonly pace: SubmitPace;
  },
): Promise<Candidate["run"] | null> {
  const bindings = memory.buffers.map((_, i) => i), all = dispatchesOf(kernel);
  const callWork = workOf(call), work = callWork / all.length;
  const entries = memory.buffers.map((buffer, binding) => ({ binding, resource: { buffer } }));
  const group = device.device.createBindGroup({ layout: device.layout(bindings).group, entries });
  const steps: Dispatch[] = [];
  try {
    for (const { code, workgroups } of all) {
      const split = pace.maySplit({ work: callWork, workgroups });
      const text = split ? splittable(code) : code;
      const pipeline = await device.pipeline(text, { label, bindings, split });
      steps.push({ pipeline, group, workgroups });
    }
  } catch (error) {
    if (error instanceof SyntaxError) return null;
    throw error;
  }
  const partsOf = (step: Dispatch) => {
    const { workgroups } = step;
    if (!pace.maySplit({ work: callWork, workgroups })) return [{ ...step, work }];
    return pace.split({ work: callWork, workgroups }).map((part) => ({
      ...step,
      workgroups: part.workgroups,
      first: device.firstWorkgroup(part.first),
      work: work * countOf(part.workgroups) / countOf(workgroups),
    }));
  };
  return async (times, stamps = null) => {
    const once = steps.flatMap(partsOf), dispatches = Array.from({ length: times }, () => once).flat();
    for (let first = 0; first < dispatches.length;) {
      const end = pace.cut(dispatches, first), own = dispatches.slice(first, end);
      const last = end === dispatches.length, encoder = device.device.createCommandEncoder();
      const pass = encoder.beginComputePass(stamps?.pass({ first: first === 0, last }));
      encodeDispatches(pass, own);
      pass.end();
      pace.submit(own.reduce((sum, { work }) => sum + work, 0));
      device.device.queue.submit([encoder.finish()]);
      first = end;
    }
    const ended = pace.wait();
    await device.orLost(device.device.queue.onSubmittedWorkDone());
    ended();
  };
}

function agree(result: Float32Array, expected: Float32Array): boolean {
  const rms = Math.sqrt(expected.reduce((sum, x) => sum + x * x, 0) / expected.length);
  return result.every((value, i) => Math.abs(value - expected[i]) <= TOLERANCE * rms);
}
