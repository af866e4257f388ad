/// <reference types="@webgpu/types" />
/**
 * Data between host and GPU.
 *
 * @module
 */
import { bytesOf, type TensorMap } from "../../core/tensor.ts";
import type { WebgpuDevice } from "./device.ts";
import type { BufferTensor } from "./memory.ts";

/**
 * Deno's mapAsync and onSubmittedWorkDone hold the thread until the device has done all that was submitted, then sleep
 * for 10 ms. A browser's resolve as soon as what was submitted before them is done, while later work goes on.
 */
export const mappingDrains: boolean = "Deno" in globalThis;

/** A tensor on the device and the name that it was asked for by. */
export type LabelledTensor = BufferTensor & { readonly label: string };

/** Data of several tensors, by one copy and one mapping; waits for all that was submitted before. */
export async function readTogether(
  device: WebgpuDevice,
  wanted: readonly LabelledTensor[],
): Promise<Record<string, TensorMap[string]>> {
  const bytes = wanted.reduce((sum, resident) => sum + staged(resident), 0);
  const staging = device.device.createBuffer({
    label: "read",
    size: bytes,
    usage: GPUBufferUsage.MAP_READ | GPUBufferUsage.COPY_DST,
  });
  try {
    const encoder = device.device.createCommandEncoder();
    let offset = 0;
    for (const resident of wanted) {
      encoder.copyBufferToBuffer(resident.buffer, resident.offset, staging, offset, resident.size);
      offset += staged(resident);
    }
    device.device.queue.submit([encoder.finish()]);
    await device.orLost(staging.mapAsync(GPUMapMode.READ));
    const out: Record<string, TensorMap[string]> = {};
    offset = 0;
    for (const resident of wanted) {
      const { shape, dtype } = resident.spec;
      const words = staging.getMappedRange(offset, resident.size).slice(0, bytesOf(resident.spec));
      const Numbers = { f32: Float32Array, u32: Uint32Array, f16: Uint16Array }[dtype];
      out[resident.label] = { shape, data: new Numbers(words) };
      offset += staged(resident);
    }
    staging.unmap();
    return out;
  } finally {
    staging.destroy();
  }
}

/** Sets a tensor's data. Throws TypeError on another kind of array than its type's, RangeError on a wrong size. */
export function upload(
  device: WebgpuDevice,
  { label, spec, buffer, offset, data }: LabelledTensor & { data: TensorMap[string]["data"] },
): void {
  const wanted = { f32: "Float32Array", u32: "Uint32Array", f16: "Uint16Array" }[spec.dtype];
  if (data[Symbol.toStringTag] !== wanted) {
    throw new TypeError(`Cannot write ${label}: got a ${data[Symbol.toStringTag]}, wanted a ${wanted}`);
  }
  if (data.byteLength !== bytesOf(spec)) {
    const count = bytesOf(spec) / data.BYTES_PER_ELEMENT;
    throw new RangeError(`Cannot write ${label}: got ${data.length} values, wanted ${count}`);
  }
  device.device.queue.writeBuffer(buffer, offset, unshared(data));
}

/** Data that is not shared between threads, as uploads want it: the same memory, or a copy of shared memory. */
function unshared(data: TensorMap[string]["data"]): Uint8Array<ArrayBuffer> {
  const { buffer, byteOffset, byteLength } = data;
  return buffer instanceof ArrayBuffer
    ? new Uint8Array(buffer, byteOffset, byteLength)
    : new Uint8Array(data.slice().buffer);
}

/** Bytes of a tensor in a staging buffer: mapped ranges begin at multiples of 8. */
export function staged({ size }: BufferTensor): number {
  return Math.ceil(size / 8) * 8;
}
