/// <reference types="@webgpu/types" />
/**
 * Times of a run on a GPU, by the GPU's own clock: a compute pass a dispatch, with a timestamp at both its ends. So a
 * timed run is slower than another one, by some microseconds a dispatch.
 *
 * @module
 */
import type { CallTiming } from "./engine.ts";
import type { Dispatch } from "./webgpu_dispatch.ts";

/** A dispatch and whose it is. */
export interface Placed {
  readonly dispatch: Dispatch;
  readonly program: string;
  /** Index in the program's calls. */
  readonly call: number;
}

const MOST_QUERIES = 4096; // of one query set, by the specification

/** A run whose timestamps are on the device. */
export class TimedRun {
  readonly #placed: readonly Placed[];
  readonly #sets: GPUQuerySet[] = [];
  readonly #resolved: GPUBuffer;
  readonly #mapped: GPUBuffer;

  /** Encodes the dispatches, each in a pass of its own, and the copy of their timestamps. */
  constructor(
    device: GPUDevice,
    { encoder, placed }: { readonly encoder: GPUCommandEncoder; readonly placed: readonly Placed[] },
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
   * Waits for the run and gives the times of its calls in milliseconds of the GPU's clock; of a call of several
   * dispatches from the first's begin to the last's end.
   */
  async read(): Promise<CallTiming[]> {
    await this.#mapped.mapAsync(GPUMapMode.READ);
    const ticks = new BigUint64Array(this.#mapped.getMappedRange()); // nanoseconds
    const timings: CallTiming[] = [];
    let previous: Placed | null = null;
    this.#placed.forEach((placed, i) => {
      const { program, call } = placed;
      const start = Number(ticks[2 * i]) / 1e6, end = Math.max(start, Number(ticks[2 * i + 1]) / 1e6);
      const same = previous !== null && previous.program === program && previous.call === call;
      if (same) {
        const last = timings[timings.length - 1];
        timings[timings.length - 1] = { ...last, duration: end - last.start };
      } else timings.push({ program, call, thread: 0, start, duration: end - start, wait: 0 });
      previous = placed;
    });
    this.#mapped.unmap();
    return timings;
  }

  /** Gives its memory back. */
  destroy(): void {
    for (const set of this.#sets) set.destroy();
    this.#resolved.destroy();
    this.#mapped.destroy();
  }
}
