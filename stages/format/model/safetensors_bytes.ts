/**
 * The bytes of a safetensors file, before they are written anywhere.
 *
 * @module
 */
import { sizeOf, type TensorMap } from "../../../kernels/core/tensor.ts";
import { safetensorsHead, type SafetensorsMetadata } from "./safetensors_header.ts";

type Data = TensorMap[string]["data"];

/**
 * Returns the bytes of a safetensors file: a Float32Array becomes F32, a Uint32Array becomes U32, and a
 * Uint16Array contains the bits of F16. Throws RangeError if the number of values in a tensor does not match
 * its shape.
 */
export function encodeSafetensors(
  tensors: TensorMap,
  metadata: SafetensorsMetadata = {},
): Uint8Array<ArrayBuffer> {
  const { head, arrays } = safetensorsParts(tensors, metadata);
  const out = new Uint8Array(head.length + arrays.reduce((sum, data) => sum + data.byteLength, 0));
  out.set(head);
  let at = head.length;
  for (const data of arrays) {
    out.set(bytesOfData(data), at);
    at += data.byteLength;
  }
  return out;
}

/**
 * Returns the header of a file and the data that follows it, in order. Throws RangeError if the number of
 * values in a tensor does not match its shape.
 */
export function safetensorsParts(
  tensors: TensorMap,
  metadata: SafetensorsMetadata,
): { head: Uint8Array; arrays: readonly Data[] } {
  // Tensors with four-byte elements come first, so that each tensor starts at a multiple of its element size.
  const names = Object.keys(tensors).sort((a, b) =>
    tensors[b].data.BYTES_PER_ELEMENT - tensors[a].data.BYTES_PER_ELEMENT
  );
  const typed = names.map((name) => {
    const { shape, data } = tensors[name];
    if (data.length !== sizeOf(shape)) {
      throw new RangeError(
        `Cannot write tensor ${name}: it has ${data.length} values, expected ${
          sizeOf(shape)
        } for shape [${shape}]`,
      );
    }
    return {
      name,
      shape,
      dtype: data instanceof Float32Array ? "F32" : data instanceof Uint32Array ? "U32" : "F16",
    };
  });
  return { head: safetensorsHead(typed, metadata), arrays: names.map((name) => tensors[name].data) };
}

/** Returns the bytes of a tensor's data; they are not copied. */
export function bytesOfData(data: Data): Uint8Array {
  return new Uint8Array(data.buffer, data.byteOffset, data.byteLength);
}
