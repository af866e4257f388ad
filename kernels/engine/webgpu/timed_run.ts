/// <reference types="@webgpu/types" />
/**
 * Times of a run on a GPU, by the GPU's own clock: a compute pass a dispatch, with a timestamp at both its ends. So a
 * timed run is slower than another one, by some microseconds a dispatch.
 *
 * @module
 */
import type { CallTiming } from "../engine.ts";
import type { Dispatch } from "./dispatch.ts";

/** A dispatch and whose it is. */
export interface CallDispatch {
  readonly dispatch: Dispatch;
  readonly program: string;
  /** Index in the program's calls. */
  readonly call: number;
}

const MOST_QUERIES = 4096; // of one query set, by the specification

/** A run whose timestamps are on the device. */
export class TimedRun {
  readonly #placed: readonly CallDispatch[];
  readonly #sets: GPUQuerySet[] = [];
  readonly #resolved: GPUBuffer;
  readonly #mapped: GPUBuffer;

  /** Encodes the dispatches, each in a pass of its own, and the copy of their timestamps. */
  constructor(
    device: GPUDevice,
    { encoder, placed }: { readonly encoder: GPUCommandEncoder; readonly placed: readonly CallDispatch[] },
  ) {
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
    placed.forEach(({ dispatch: { pipeline, group, workgroups } }, i) => {
      const at = 2 * i % MOST_QUERIES;
      if (at === 0) {
        const count = Math.min(MOST_QUERIES, 2 * (placed.length - i));
        this.#sets.push(device.createQuerySet({ type: "timestamp", count }));
      }
      const pass = encoder.beginComputePass({
        timestampWrites: {
          querySet: this.#sets[this.#sets.length - 1],
          beginningOfPassWriteIndex: at,
          endOfPassWriteIndex: at + 1,
        },
      });
      pass.setPipeline(pipeline);
      pass.setBindGroup(0, group);
      pass.dispatchWorkgroups(...workgroups);
      pass.end();
    });
    this.#sets.forEach((set, i) => {
      encoder.resolveQuerySet(set, 0, set.count, this.#resolved, i * MOST_QUERIES * 8);
    });
    encoder.copyBufferToBuffer(this.#resolved, 0, this.#mapped, 0, size);
  }

  /**
   * Waits for the run and gives the times of its calls in milliseconds of the GPU's clock, whose ticks are `tick`
   * nanoseconds; of a call of several dispatches from the first's begin to the last's end.
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

  /** Gives its memory back. */
  destroy(): void {
    for (const set of this.#sets) set.destroy();
    this.#resolved.destroy();
    this.#mapped.destroy();
  }
}

const STAMPS = 5; // readings of the clock to measure it by, 10 ms apart in Deno

/**
 * Nanoseconds a tick of a GPU's clock, measured by the host's: the specification says one, Deno hands on the device's
 * own ticks, 10 ns of AMD's, 83 of Intel's (github.com/gfx-rs/wgpu/issues/6719).
 */
export async function tickOf(device: GPUDevice): Promise<number> {
  const stamps: { ticks: number; host: number }[] = [];
  for (let i = 0; i < STAMPS; i++) stamps.push(await stamp(device));
  const first = stamps[0], last = stamps[STAMPS - 1];
  const tick = 1e6 * (last.host - first.host) / (last.ticks - first.ticks);
  return Number.isFinite(tick) && tick > 2 ? tick : 1; // no clock ticks at 2 ns: what is near 1 is measured wrongly
}

/** Both clocks at one moment, to a fraction of a millisecond. */
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
