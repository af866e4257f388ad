/// <reference types="@webgpu/types" />
/**
 * Transfers data between host and GPU.
 *
 * @module
 */
import { bytesOf, type TensorMap } from "../../core/tensor.ts";
import type { WebgpuDevice } from "./device.ts";
import type { BufferTensor } from "./memory.ts";

/** A tensor on the device, with the label under which it was requested. */
export type LabelledTensor = BufferTensor & { readonly label: string };

/**
 * Waits for all work submitted so far, then reads several tensors through one staging buffer and one mapping.
 */
export async function readTogether(
  device: WebgpuDevice,
  wanted: readonly LabelledTensor[],
): Promise<Record<string, TensorMap[string]>> {
  const bytes = wanted.reduce((sum, tensor) => sum + staged(tensor), 0);
  const staging = device.device.createBuffer({
    label: "read",
    size: bytes,
    usage: GPUBufferUsage.MAP_READ | GPUBufferUsage.COPY_DST,
  });
  try {
    const encoder = device.device.createCommandEncoder();
    let offset = 0;
    for (const tensor of wanted) {
      encoder.copyBufferToBuffer(tensor.buffer, tensor.offset, staging, offset, tensor.size);
      offset += staged(tensor);
    }
    device.device.queue.submit([encoder.finish()]);
    await device.orLost(staging.mapAsync(GPUMapMode.READ));
    const out: Record<string, TensorMap[string]> = {};
    offset = 0;
    for (const tensor of wanted) {
      const { shape, dtype } = tensor.spec;
      const words = staging.getMappedRange(offset, tensor.size).slice(0, bytesOf(tensor.spec));
      const Numbers = { f32: Float32Array, u32: Uint32Array, f16: Uint16Array }[dtype];
      out[tensor.label] = { shape, data: new Numbers(words) };
      offset += staged(tensor);
    }
    staging.unmap();
    return out;
  } finally {
    staging.destroy();
  }
}

/**
 * Writes a tensor's data. Throws TypeError if the array has another element type, and RangeError if it has
 * another size.
 */
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

/**
 * Returns the data as bytes of unshared memory, which uploads require. It is copied only if its memory is
 * shared between threads.
 */
function unshared(data: TensorMap[string]["data"]): Uint8Array<ArrayBuffer> {
  const { buffer, byteOffset, byteLength } = data;
  return buffer instanceof ArrayBuffer
    ? new Uint8Array(buffer, byteOffset, byteLength)
    : new Uint8Array(data.slice().buffer);
}

/**
 * Returns the number of bytes that a tensor needs in a staging buffer: mapped ranges must start at multiples
 * of 8 bytes.
 */
export function staged({ size }: BufferTensor): number {
  return Math.ceil(size / 8) * 8;
}
