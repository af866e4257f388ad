/// <reference types="@webgpu/types" />
/**
 * Times the dispatches of a run with the GPU's own clock. Each dispatch gets a compute pass of its own, with
 * a timestamp at its beginning and end, which makes a timed run slower by a few microseconds per dispatch.
 *
 * @module
 */
import type { CallTiming } from "../engine.ts";
import { type Dispatch, encodeDispatches } from "./dispatch.ts";

/** A dispatch, or a part of one, and the call that it belongs to. */
export interface CallDispatch {
  readonly dispatch: Dispatch;
  readonly program: string;
  /** Index of the call in the program's calls. */
  readonly call: number;
  /** Work of the dispatch in FLOPs, an equal share of the call's; see `workOf()`. */
  readonly work: number;
  /** Work of the whole call, which is the most that the dispatch may have. */
  readonly callWork: number;
}

const MAX_QUERIES = 4096; // limit per query set in WebGPU's specification

/** A timed run, with its timestamps on the device. */
export class TimedRun {
  readonly #placed: readonly CallDispatch[];
  readonly #sets: GPUQuerySet[] = [];
  readonly #resolved: GPUBuffer;
  readonly #mapped: GPUBuffer;

  /** Allocates the timestamps of a run of these dispatches. */
  constructor(device: GPUDevice, placed: readonly CallDispatch[]) {
    this.#placed = placed;
    const size = Math.max(1, placed.length) * 16;
    this.#resolved = device.createBuffer({
      label: "timestamps",
      size,
      usage: GPUBufferUsage.QUERY_RESOLVE | GPUBufferUsage.COPY_SRC,
    });
    this.#mapped = device.createBuffer({
      label: "timestamps to read",
      size,
      usage: GPUBufferUsage.MAP_READ | GPUBufferUsage.COPY_DST,
    });
    for (let left = 2 * placed.length; left > 0; left -= MAX_QUERIES) {
      this.#sets.push(device.createQuerySet({ type: "timestamp", count: Math.min(MAX_QUERIES, left) }));
    }
  }

  /**
   * Encodes the dispatches from `first` up to but not including `end`, each in a compute pass of its own. The
   * copy of all timestamps follows the run's last dispatch.
   */
  encode(
    encoder: GPUCommandEncoder,
    { first, end }: { readonly first: number; readonly end: number },
  ): void {
    for (let i = first; i < end; i++) {
      const at = 2 * i % MAX_QUERIES;
      const pass = encoder.beginComputePass({
        timestampWrites: {
          querySet: this.#sets[Math.floor(2 * i / MAX_QUERIES)],
          beginningOfPassWriteIndex: at,
          endOfPassWriteIndex: at + 1,
        },
      });
      encodeDispatches(pass, [this.#placed[i].dispatch]);
      pass.end();
    }
    if (end < this.#placed.length) return;
    this.#sets.forEach((set, i) => {
      encoder.resolveQuerySet(set, 0, set.count, this.#resolved, i * MAX_QUERIES * 8);
    });
    encoder.copyBufferToBuffer(this.#resolved, 0, this.#mapped, 0, this.#mapped.size);
  }

  /**
   * Waits for the run and returns the times of its calls, in milliseconds of the GPU's clock; `tick` is the
   * length of one tick in nanoseconds. A call of several dispatches lasts from the start of the first to the
   * end of the last.
   */
  async read(tick: number): Promise<CallTiming[]> {
    const ticks = await this.#ticks(), milliseconds = (at: number) => Number(ticks[at]) * tick / 1e6;
    const timings: CallTiming[] = [];
    let previous: CallDispatch | null = null;
    this.#placed.forEach((placed, i) => {
      const { program, call } = placed;
      const start = milliseconds(2 * i), end = Math.max(start, milliseconds(2 * i + 1));
      const same = previous !== null && previous.program === program && previous.call === call;
      if (same) {
        const last = timings[timings.length - 1];
        timings[timings.length - 1] = { ...last, duration: end - last.start };
      } else timings.push({ program, call, thread: 0, start, duration: end - start, wait: 0 });
      previous = placed;
    });
    return timings;
  }

  async #ticks(): Promise<BigUint64Array> {
    await this.#mapped.mapAsync(GPUMapMode.READ);
    const ticks = new BigUint64Array(this.#mapped.getMappedRange().slice(0));
    this.#mapped.unmap();
    return ticks;
  }

  /** Releases the run's query sets and buffers. */
  destroy(): void {
    for (const set of this.#sets) set.destroy();
    this.#resolved.destroy();
    this.#mapped.destroy();
  }
}

const STAMPS = 5; // number of clock readings to measure the tick; in Deno they are 10 ms apart

/**
 * Returns the nanoseconds per tick of a GPU's clock, measured against the host's clock. WebGPU's
 * specification says 1 ns, but Deno returns the device's own ticks: 10 ns on AMD, 83 ns on Intel
 * (github.com/gfx-rs/wgpu/issues/6719).
 */
export async function tickOf(device: GPUDevice): Promise<number> {
  const stamps: { ticks: number; host: number }[] = [];
  for (let i = 0; i < STAMPS; i++) stamps.push(await stamp(device));
  const first = stamps[0], last = stamps[STAMPS - 1];
  const tick = 1e6 * (last.host - first.host) / (last.ticks - first.ticks);
  // No GPU has ticks between 1 and 2 ns: such a result is 1 ns with a measurement error.
  return Number.isFinite(tick) && tick > 2 ? tick : 1;
}

/** Reads both clocks at the same moment, to within a fraction of a millisecond. */
async function stamp(device: GPUDevice): Promise<{ ticks: number; host: number }> {
  const querySet = device.createQuerySet({ type: "timestamp", count: 1 });
  const buffer = (usage: number) => device.createBuffer({ size: 8, usage });
  const resolved = buffer(GPUBufferUsage.QUERY_RESOLVE | GPUBufferUsage.COPY_SRC);
  const mapped = buffer(GPUBufferUsage.MAP_READ | GPUBufferUsage.COPY_DST);
  const encoder = device.createCommandEncoder();
  encoder.beginComputePass({ timestampWrites: { querySet, endOfPassWriteIndex: 0 } }).end();
  encoder.resolveQuerySet(querySet, 0, 1, resolved, 0);
  encoder.copyBufferToBuffer(resolved, 0, mapped, 0, 8);
  const host = performance.now();
  device.queue.submit([encoder.finish()]);
  await mapped.mapAsync(GPUMapMode.READ);
  const ticks = Number(new BigUint64Array(mapped.getMappedRange())[0]);
  for (const each of [querySet, resolved, mapped]) each.destroy();
  return { ticks, host };
}
