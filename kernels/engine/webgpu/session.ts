/// <reference types="@webgpu/types" />
/**
 * Programs on a GPU: pipelines, bind groups and buffers are made once; a run is cut into submits, each with
 * one compute pass.
 *
 * @module
 */
import { scratchBytes } from "../../core/cost.ts";
import type { Gpu } from "../../core/gpu.ts";
import type { Program } from "../../core/program.ts";
import type { TensorMap } from "../../core/tensor.ts";
import { changeCopies } from "../change.ts";
import type { CallTiming, ReplayOptions, Session, SessionCounters } from "../engine.ts";
import type { WebgpuDevice } from "./device.ts";
import { encodeDispatches, prepare } from "./dispatch.ts";
import { type BufferTensor, WebgpuMemory } from "./memory.ts";
import { countOf } from "./split.ts";
import { type SubmitLimits, SubmitPace, workOf } from "./submit_pace.ts";
import { type CallDispatch, tickOf, TimedRun } from "./timed_run.ts";
import { readTogether, staged, upload } from "./transfer.ts";

/**
 * Counters of a session: operations requested from the device so far, and resources that the session holds.
 */
export interface WebgpuCounters extends SessionCounters {
  /** Number of submits of all runs; a read adds none. */
  readonly submits: number;
  /** Number of dispatches in all runs. */
  readonly dispatches: number;
  /** Number of different pipelines compiled. */
  readonly pipelines: number;
  /** Size in bytes of all buffers that live as long as the session. */
  readonly bytes: number;
}

/**
 * When this many runs are in flight, `run` waits until all of them have ended. Without a limit, runs whose
 * results are never read would pile up.
 */
const MAX_IN_FLIGHT = 16;
/** Largest staging buffer for a read, in bytes, unless a single tensor is larger. */
const READ_BYTES = 64 * 1024 * 1024;

/** A session on a GPU. */
export class WebgpuSession implements Session {
  readonly readsDrain: boolean;
  readonly #device: WebgpuDevice;
  readonly #memory: WebgpuMemory;
  readonly #programs: ReadonlyMap<string, Program>;
  readonly #dispatches: ReadonlyMap<string, readonly CallDispatch[]>;
  /** The GPU that kernels were generated for, with the chosen variants. */
  readonly gpu: Gpu;
  readonly #counts = { runs: 0, submits: 0, dispatches: 0, readBacks: 0, waits: 0 };
  readonly #pace: SubmitPace;
  #inFlight = 0;
  readonly #timed: TimedRun[] = [];
  /** Host time at the first timed submit, in milliseconds; 0 before that submit. */
  #timedFrom = 0;
  /** The host's clock minus the GPU's clock, in milliseconds; null until it is known. */
  #clockOffset: number | null = null;
  /** Nanoseconds per tick of the GPU's clock; null until it is measured. */
  #tick: number | null = null;

  private constructor(
    device: WebgpuDevice,
    memory: WebgpuMemory,
    parts: {
      programs: ReadonlyMap<string, Program>;
      dispatches: ReadonlyMap<string, readonly CallDispatch[]>;
      gpu: Gpu;
      pace: SubmitPace;
    },
  ) {
    this.gpu = parts.gpu;
    this.#pace = parts.pace;
    this.#device = device;
    this.readsDrain = device.mappingDrains;
    this.#memory = memory;
    this.#programs = parts.programs;
    this.#dispatches = parts.dispatches;
  }

  /**
   * Allocates memory, compiles kernels and uploads weights. Throws RangeError if the memory does not fit, and
   * SyntaxError if a kernel does not compile.
   */
  static async open(
    device: WebgpuDevice,
    programs: readonly Program[],
    { weights, gpu = device.gpu, submitLimits }: {
      readonly weights: TensorMap;
      readonly gpu?: Gpu;
      readonly submitLimits?: Partial<SubmitLimits>;
    },
  ): Promise<WebgpuSession> {
    const memory = await WebgpuMemory.allocate(device, programs, {
      scratchBytes: scratchBytes(programs, gpu),
    });
    const dispatches = new Map<string, readonly CallDispatch[]>(), pace = new SubmitPace(submitLimits);
    for (const program of programs) {
      const { name } = program;
      const made = await Promise.all(
        program.calls.map((call) =>
          prepare(call, {
            device,
            gpu,
            memory,
            program,
            maySplit: (workgroups) => pace.maySplit({ workgroups, work: workOf(call) }),
          })
        ),
      );
      dispatches.set(
        name,
        made.flatMap((several, call) => {
          const callWork = workOf(program.calls[call]), work = callWork / several.length;
          return several.map((dispatch) => ({ dispatch, program: name, call, work, callWork }));
        }),
      );
    }
    const session = new WebgpuSession(device, memory, {
      programs: new Map(programs.map((p) => [p.name, p])),
      dispatches,
      gpu,
      pace,
    });
    session.write(
      Object.fromEntries(Object.entries(weights).filter(([label]) => memory.tensors.has(label))),
    );
    device.check();
    return session;
  }

  get counters(): WebgpuCounters {
    return { ...this.#counts, pipelines: this.#device.pipelines, bytes: this.#memory.bytes };
  }

  /** The underlying device; tests destroy it to simulate a lost GPU. */
  get device(): GPUDevice {
    return this.#device.device;
  }

  write(values: TensorMap): void {
    this.#device.check();
    for (const [label, { data }] of Object.entries(values)) {
      const tensor = this.#memory.tensors.get(label);
      if (tensor === undefined) throw new RangeError(`Cannot write ${label}: no program has it`);
      upload(this.#device, { ...tensor, label, data });
    }
  }

  async run(programs: readonly string[], { timed = false }: ReplayOptions = {}): Promise<void> {
    if (this.#device.failed) await this.#device.reject();
    const placed = programs.flatMap((name) => {
      const list = this.#dispatches.get(name);
      if (list === undefined) {
        throw new RangeError(`Cannot run ${name}: known are ${[...this.#dispatches.keys()].join(", ")}`);
      }
      return list.flatMap((dispatch) => this.#split(dispatch));
    });
    const timer = timed && this.#hasClock ? new TimedRun(this.device, placed) : null;
    if (timer !== null) {
      this.#timed.push(timer);
      if (this.#timedFrom === 0) this.#timedFrom = performance.timeOrigin + performance.now();
    }
    // All submits are made before this function waits for anything, because callers write the next inputs
    // without waiting for the run.
    for (let first = 0; first < placed.length;) {
      const end = this.#pace.cut(placed, first), encoder = this.device.createCommandEncoder();
      if (timer === null) encode(encoder, placed.slice(first, end));
      else timer.encode(encoder, { first, end });
      this.#pace.submit(placed.slice(first, end).reduce((sum, { work }) => sum + work, 0));
      this.device.queue.submit([encoder.finish()]);
      this.#counts.submits++;
      first = end;
    }
    this.#counts.dispatches += placed.length;
    this.#counts.runs++;
    this.#inFlight++;
    if (this.#inFlight < MAX_IN_FLIGHT) return;
    await this.#settle(this.device.queue.onSubmittedWorkDone());
  }

  async read(labels: readonly string[]): Promise<TensorMap> {
    if (this.#device.failed) await this.#device.reject();
    const wanted = labels.map((label) => ({ label, ...this.#find(label) }));
    const out: Record<string, TensorMap[string]> = {};
    for (let first = 0; first < wanted.length;) {
      let bytes = 0, end = first;
      do bytes += staged(wanted[end++]); while (
        end < wanted.length && bytes + staged(wanted[end]) <= READ_BYTES
      );
      Object.assign(out, await this.#settle(readTogether(this.#device, wanted.slice(first, end))));
      this.#counts.readBacks++;
      first = end;
    }
    return out;
  }

  async change(
    labels: readonly string[],
    work: (tensors: readonly Float32Array[]) => Promise<void>,
  ): Promise<void> {
    await changeCopies(this, labels, work);
  }

  async timings(): Promise<readonly CallTiming[] | null> {
    if (!this.#hasClock) return null;
    const runs = this.#timed.splice(0), all: CallTiming[] = [];
    if (runs.length > 0) this.#tick ??= await this.#settle(tickOf(this.device));
    for (const run of runs) {
      all.push(...await this.#settle(run.read(this.#tick ?? 1)));
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

  /**
   * Waits for `work`, which completes after all submits so far; counts a wait if the device then has no work
   * left.
   */
  async #settle<T>(work: Promise<T>): Promise<T> {
    const { runs } = this.#counts, ended = this.#pace.wait();
    this.#inFlight = 0;
    const result = await this.#device.orLost(work);
    ended();
    if (this.readsDrain || runs === this.#counts.runs) this.#counts.waits++;
    return result;
  }

  /** Returns the parts of a dispatch that is expected to take too long, or the dispatch itself. */
  #split(whole: CallDispatch): readonly CallDispatch[] {
    const { dispatch, work, callWork } = whole, { workgroups } = dispatch;
    if (dispatch.first === undefined) return [whole];
    const parts = this.#pace.split({ work: callWork, workgroups });
    return parts.length === 1 ? [whole] : parts.map((part) => ({
      ...whole,
      work: work * countOf(part.workgroups) / countOf(workgroups),
      dispatch: {
        ...dispatch,
        workgroups: part.workgroups,
        first: this.#device.firstWorkgroup(part.first),
      },
    }));
  }

  #find(label: string): BufferTensor {
    const slot = [...this.#programs.values()].map((p) => p.outputs.get(label)).find((s) => s !== undefined);
    const tensor = this.#memory.tensors.get(slot?.label ?? label);
    if (tensor === undefined) throw new RangeError(`Cannot read ${label}: no program has it`);
    return tensor;
  }
}

/** Encodes all dispatches in one compute pass. */
function encode(encoder: GPUCommandEncoder, placed: readonly CallDispatch[]): void {
  const pass = encoder.beginComputePass();
  encodeDispatches(pass, placed.map(({ dispatch }) => dispatch));
  pass.end();
}
