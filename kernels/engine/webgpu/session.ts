/// <reference types="@webgpu/types" />
/**
 * Programs replayed on a GPU: pipelines, bind groups and buffers are made once, a run is one encoder, one compute pass
 * and one submit.
 *
 * @module
 */
import { scratchBytes } from "../../core/cost.ts";
import type { Gpu } from "../../core/gpu.ts";
import type { Program } from "../../core/program.ts";
import type { TensorMap } from "../../core/tensor.ts";
import type { CallTiming, ReplayOptions, Session, SessionCounters } from "../engine.ts";
import type { WebgpuDevice } from "./device.ts";
import { prepare } from "./dispatch.ts";
import { type BufferTensor, WebgpuMemory } from "./memory.ts";
import { type CallDispatch, tickOf, TimedRun } from "./timed_run.ts";
import { mappingDrains, readTogether, staged, upload } from "./transfer.ts";

/** What a session has asked of the device so far. */
export interface WebgpuCounters extends SessionCounters {
  /** Kernels started by runs. */
  readonly dispatches: number;
  /** Different kernels compiled. */
  readonly pipelines: number;
  /** Of all buffers that stay. */
  readonly bytes: number;
}

/** Runs that may wait on the device before the next waits for them: unread, they would pile up without end. */
const MOST_PENDING = 16;
/** Bytes read in one mapping, unless one tensor is larger. */
const READ_BYTES = 64 * 1024 * 1024;

/** A session on a GPU. */
export class WebgpuSession implements Session {
  readonly readsDrain = mappingDrains;
  readonly #device: WebgpuDevice;
  readonly #memory: WebgpuMemory;
  readonly #programs: ReadonlyMap<string, Program>;
  readonly #dispatches: ReadonlyMap<string, readonly CallDispatch[]>;
  /** What kernels were chosen by. */
  readonly gpu: Gpu;
  readonly #counts = { submits: 0, dispatches: 0, readBacks: 0, waits: 0 };
  #pending = 0;
  readonly #timed: TimedRun[] = [];
  /** When the first timed run was submitted, and by how much the GPU's clock is behind the host's. */
  #timedFrom = 0;
  #clockOffset: number | null = null;
  #tick: number | null = null;

  private constructor(
    device: WebgpuDevice,
    memory: WebgpuMemory,
    parts: {
      programs: ReadonlyMap<string, Program>;
      dispatches: ReadonlyMap<string, readonly CallDispatch[]>;
      gpu: Gpu;
    },
  ) {
    this.gpu = parts.gpu;
    this.#device = device;
    this.#memory = memory;
    this.#programs = parts.programs;
    this.#dispatches = parts.dispatches;
  }

  /** Allocates, compiles and uploads. Throws RangeError on what does not fit, SyntaxError on WGSL; see the parts. */
  static async open(
    device: WebgpuDevice,
    programs: readonly Program[],
    { weights, gpu = device.gpu }: { readonly weights: TensorMap; readonly gpu?: Gpu },
  ): Promise<WebgpuSession> {
    const memory = await WebgpuMemory.allocate(device, programs, {
      scratchBytes: scratchBytes(programs, gpu),
    });
    const dispatches = new Map<string, readonly CallDispatch[]>();
    for (const program of programs) {
      const { name } = program;
      const made = await Promise.all(
        program.calls.map((call) => prepare(call, { device, gpu, memory, program })),
      );
      dispatches.set(
        name,
        made.flatMap((several, call) => several.map((dispatch) => ({ dispatch, program: name, call }))),
      );
    }
    const session = new WebgpuSession(device, memory, {
      programs: new Map(programs.map((p) => [p.name, p])),
      dispatches,
      gpu,
    });
    session.write(
      Object.fromEntries(Object.entries(weights).filter(([label]) => memory.tensors.has(label))),
    );
    device.check();
    return session;
  }

  /** What was asked of the device so far. */
  get counters(): WebgpuCounters {
    return { ...this.#counts, pipelines: this.#device.pipelines, bytes: this.#memory.bytes };
  }

  /** The device itself: losing it is how tests lose it. */
  get device(): GPUDevice {
    return this.#device.device;
  }

  write(values: TensorMap): void {
    this.#device.check();
    for (const [label, { data }] of Object.entries(values)) {
      const resident = this.#memory.tensors.get(label);
      if (resident === undefined) throw new RangeError(`Cannot write ${label}: no program has it`);
      upload(this.#device, { ...resident, label, data });
    }
  }

  async run(programs: readonly string[], { timed = false }: ReplayOptions = {}): Promise<void> {
    this.#device.check();
    const placed = programs.flatMap((name) => {
      const list = this.#dispatches.get(name);
      if (list === undefined) {
        throw new RangeError(`Cannot run ${name}: known are ${[...this.#dispatches.keys()].join(", ")}`);
      }
      return list;
    });
    const encoder = this.device.createCommandEncoder();
    if (timed && this.#hasClock) this.#timed.push(new TimedRun(this.device, { encoder, placed }));
    else encode(encoder, placed);
    this.device.queue.submit([encoder.finish()]);
    this.#counts.dispatches += placed.length;
    this.#counts.submits++;
    if (this.#timedFrom === 0 && this.#timed.length > 0) {
      this.#timedFrom = performance.timeOrigin + performance.now();
    }
    this.#pending++;
    if (this.#pending < MOST_PENDING) return this.#device.check();
    await this.#idle(this.device.queue.onSubmittedWorkDone());
  }

  async read(labels: readonly string[]): Promise<TensorMap> {
    this.#device.check();
    const wanted = labels.map((label) => ({ label, ...this.#find(label) }));
    const out: Record<string, TensorMap[string]> = {};
    for (let first = 0; first < wanted.length;) {
      let bytes = 0, end = first;
      do bytes += staged(wanted[end++]); while (
        end < wanted.length && bytes + staged(wanted[end]) <= READ_BYTES
      );
      Object.assign(out, await this.#idle(readTogether(this.#device, wanted.slice(first, end))));
      this.#counts.readBacks++;
      first = end;
    }
    return out;
  }

  async timings(): Promise<readonly CallTiming[] | null> {
    if (!this.#hasClock) return null;
    const runs = this.#timed.splice(0), all: CallTiming[] = [];
    if (runs.length > 0) this.#tick ??= await this.#idle(tickOf(this.device));
    for (const run of runs) {
      all.push(...await this.#idle(run.read(this.#tick ?? 1)));
      this.#counts.readBacks++;
      run.destroy();
    }
    if (all.length === 0) return [];
    this.#clockOffset ??= this.#timedFrom - all[0].start;
    const offset = this.#clockOffset;
    return all.map((timing) => ({ ...timing, start: timing.start + offset }));
  }

  async [Symbol.asyncDispose](): Promise<void> {
    for (const run of this.#timed) run.destroy();
    this.#memory.destroy();
    await this.#device.destroy();
  }

  get #hasClock(): boolean {
    return this.device.features.has("timestamp-query");
  }

  /** Waits for work that comes after all submits so far; counts a wait if the device has run out of them. */
  async #idle<T>(work: Promise<T>): Promise<T> {
    const { submits } = this.#counts;
    this.#pending = 0;
    const result = await this.#device.orLost(work);
    if (mappingDrains || submits === this.#counts.submits) this.#counts.waits++;
    return result;
  }

  #find(label: string): BufferTensor {
    const slot = [...this.#programs.values()].map((p) => p.outputs.get(label)).find((s) => s !== undefined);
    const resident = this.#memory.tensors.get(slot?.label ?? label);
    if (resident === undefined) throw new RangeError(`Cannot read ${label}: no program has it`);
    return resident;
  }
}

/** All dispatches in one compute pass. */
function encode(encoder: GPUCommandEncoder, placed: readonly CallDispatch[]): void {
  const pass = encoder.beginComputePass();
  let current: GPUComputePipeline | null = null;
  for (const { dispatch: { pipeline, group, workgroups } } of placed) {
    if (pipeline !== current) pass.setPipeline(current = pipeline);
    pass.setBindGroup(0, group);
    pass.dispatchWorkgroups(...workgroups);
  }
  pass.end();
}
