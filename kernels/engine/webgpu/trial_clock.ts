/// <reference types="@webgpu/types" />
/**
 * Measures how long submits take on a GPU: by the GPU's own clock if it has one, otherwise by the host's
 * clock without what waiting for the GPU costs, which is 10 ms in Deno.
 *
 * @module
 */
import type { WebgpuDevice } from "./device.ts";
import { tickOf } from "./timed_run.ts";

/** Submits compute passes and waits for them; the first and the last pass write `stamps`, if given. */
export type StampedWork = (stamps: PassStamps | null) => Promise<void>;

/** Timestamps of the first and the last pass of some work. */
export interface PassStamps {
  /** Returns the descriptor of a pass. */
  pass(which: { readonly first: boolean; readonly last: boolean }): GPUComputePassDescriptor;
}

/** Number of empty submits of which the fastest tells what waiting costs. */
const EMPTY = 5;

/** Ticks of the clocks of devices in nanoseconds; measuring one takes 60 ms in Deno. */
const ticks = new WeakMap<GPUDevice, Promise<number>>();

/** A clock for work on one device. */
export class TrialClock {
  readonly #device: WebgpuDevice;
  readonly #stamps: GPUQuerySet | null;
  /** Nanoseconds per tick of the GPU's clock. */
  readonly #tick: number;
  /** Seconds that an empty submit and the wait for it take, if the GPU has no clock. */
  readonly #floor: number;

  private constructor(
    device: WebgpuDevice,
    parts: { readonly stamps: GPUQuerySet | null; readonly tick: number; readonly floor: number },
  ) {
    this.#device = device;
    this.#stamps = parts.stamps;
    this.#tick = parts.tick;
    this.#floor = parts.floor;
  }

  /** Opens a clock of the device. Rejects if the device is lost. */
  static async open(device: WebgpuDevice): Promise<TrialClock> {
    const gpu = device.device;
    if (!gpu.features.has("timestamp-query")) {
      return new TrialClock(device, { stamps: null, tick: 1, floor: await floorOf(device) });
    }
    let tick = ticks.get(gpu);
    if (tick === undefined) ticks.set(gpu, tick = device.orLost(tickOf(gpu)));
    const stamps = gpu.createQuerySet({ type: "timestamp", count: 2 });
    return new TrialClock(device, { stamps, tick: await tick, floor: 0 });
  }

  /** Returns the seconds that `work` takes, always above 0. */
  async seconds(work: StampedWork): Promise<number> {
    const stamps = this.#stamps, before = performance.now();
    await work(
      stamps === null ? null : {
        pass: ({ first, last }) =>
          first || last
            ? {
              timestampWrites: {
                querySet: stamps,
                ...(first && { beginningOfPassWriteIndex: 0 }),
                ...(last && { endOfPassWriteIndex: 1 }),
              },
            }
            : {},
      },
    );
    const waited = secondsAbove((performance.now() - before) / 1000, this.#floor);
    if (stamps === null) return waited;
    const [start, end] = await this.#read(stamps);
    const seconds = Number(end - start) * this.#tick / 1e9;
    return seconds > 0 ? seconds : waited; // the clock may be too coarse for the work
  }

  async #read(stamps: GPUQuerySet): Promise<BigUint64Array> {
    const { device } = this.#device;
    const make = (usage: number) => device.createBuffer({ label: "trial timestamps", size: 16, usage });
    const resolved = make(GPUBufferUsage.QUERY_RESOLVE | GPUBufferUsage.COPY_SRC);
    const mapped = make(GPUBufferUsage.MAP_READ | GPUBufferUsage.COPY_DST);
    const encoder = device.createCommandEncoder();
    encoder.resolveQuerySet(stamps, 0, 2, resolved, 0);
    encoder.copyBufferToBuffer(resolved, 0, mapped, 0, 16);
    device.queue.submit([encoder.finish()]);
    await this.#device.orLost(mapped.mapAsync(GPUMapMode.READ));
    const values = new BigUint64Array(mapped.getMappedRange().slice(0));
    resolved.destroy();
    mapped.destroy();
    return values;
  }

  /** Releases the clock. */
  [Symbol.dispose](): void {
    this.#stamps?.destroy();
  }
}

/**
 * Returns `elapsed` seconds without a floor, and at least a hundredth of them: a measurement that is hardly
 * above the floor says only that the work is short.
 */
export function secondsAbove(elapsed: number, floor: number): number {
  return Math.max(elapsed - floor, elapsed / 100);
}

/** Returns the seconds that an empty submit and the wait for it take. */
async function floorOf(device: WebgpuDevice): Promise<number> {
  let least = Infinity;
  for (let i = 0; i < EMPTY; i++) {
    const before = performance.now();
    device.device.queue.submit([device.device.createCommandEncoder().finish()]);
    await device.orLost(device.device.queue.onSubmittedWorkDone());
    least = Math.min(least, (performance.now() - before) / 1000);
  }
  return least;
}
