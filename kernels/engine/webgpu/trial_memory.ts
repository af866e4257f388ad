/// <reference types="@webgpu/types" />
/**
 * Memory in which the kernels of a call are timed: the call's tensors, filled with random numbers, and
 * scratch memory.
 *
 * @module
 */
import { bindings, inPlaceOf } from "../../core/op.ts";
import type { Call } from "../../core/graph.ts";
import { normals } from "../../random/philox.ts";
import { bytesOf } from "../../core/tensor.ts";
import type { WebgpuDevice } from "./device.ts";

/**
 * Number of random values, which are repeated to fill the inputs: generating a new value for every element
 * would take longer than the call.
 */
const PATTERN = 1 << 16;

/** The buffers of a call in binding order. */
export class TrialMemory implements AsyncDisposable {
  private constructor(
    readonly device: WebgpuDevice,
    readonly call: Call,
    readonly buffers: readonly GPUBuffer[],
  ) {}

  /** Allocates the buffers; null if they do not fit into memory. */
  static async allocate(
    device: WebgpuDevice,
    { call, scratchBytes }: { readonly call: Call; readonly scratchBytes: number },
  ): Promise<TrialMemory | null> {
    const { limits } = device.gpu;
    const sizes = bindings(call).map((t) => Math.ceil(bytesOf(t) / 4) * 4);
    if (scratchBytes > 0) sizes.push(scratchBytes);
    if (sizes.some((size) => size > Math.min(limits.maxBufferSize, limits.maxStorageBufferBindingSize))) {
      return null;
    }
    const usage = GPUBufferUsage.STORAGE | GPUBufferUsage.COPY_SRC | GPUBufferUsage.COPY_DST;
    device.device.pushErrorScope("out-of-memory");
    const memory = new TrialMemory(
      device,
      call,
      sizes.map((size) => device.device.createBuffer({ label: "trial", size, usage })),
    );
    if (await device.device.popErrorScope() === null) return memory;
    await memory[Symbol.asyncDispose]();
    return null;
  }

  /** Fills f32 inputs with random numbers, the same each time, and all other buffers with zeros. */
  async fill(): Promise<void> {
    const { device } = this.device;
    const size = 4 * PATTERN, usage = GPUBufferUsage.COPY_SRC | GPUBufferUsage.COPY_DST;
    const pattern = device.createBuffer({ label: "pattern", size, usage });
    device.queue.writeBuffer(pattern, 0, normals(1, "trial", PATTERN));
    const encoder = device.createCommandEncoder();
    this.buffers.forEach((buffer, i) => {
      encoder.clearBuffer(buffer);
      if (this.call.inputs[i]?.dtype !== "f32") return;
      for (let at = 0; at < buffer.size; at += size) {
        encoder.copyBufferToBuffer(pattern, 0, buffer, at, Math.min(size, buffer.size - at));
      }
    });
    device.queue.submit([encoder.finish()]);
    await this.device.orLost(device.queue.onSubmittedWorkDone());
    pattern.destroy();
  }

  /** Reads the first `count` numbers of the call's first output, or all if it has fewer. */
  async result(count: number): Promise<Float32Array> {
    const { device } = this.device, inPlace = inPlaceOf(this.call.op, 0);
    const buffer = this.buffers[inPlace >= 0 ? inPlace : this.call.inputs.length];
    const size = Math.min(buffer.size, 4 * count);
    const staging = device.createBuffer({ size, usage: GPUBufferUsage.MAP_READ | GPUBufferUsage.COPY_DST });
    const encoder = device.createCommandEncoder();
    encoder.copyBufferToBuffer(buffer, 0, staging, 0, size);
    device.queue.submit([encoder.finish()]);
    await this.device.orLost(staging.mapAsync(GPUMapMode.READ));
    const numbers = new Float32Array(staging.getMappedRange().slice(0));
    staging.destroy();
    return numbers;
  }

  [Symbol.asyncDispose](): Promise<void> {
    for (const buffer of this.buffers) buffer.destroy();
    return Promise.resolve();
  }
}
