import { deepStrictEqual, rejects, throws } from "node:assert/strict";
import {
  readSafetensors,
  readSafetensorsHeader,
  writeSafetensors,
} from "../../../../stages/format/model/safetensors.ts";
import { encodeSafetensors } from "../../../../stages/format/model/safetensors_bytes.ts";
import { withFile } from "../../../temporary.ts";

const tensors = {
  "odd.half": { shape: [3], data: Uint16Array.of(0x3C00, 0xC000, 1) },
  "wte.weight": { shape: [2, 3], data: Float32Array.of(1, -2, 3.5, 0, NaN, -0) },
  step: { shape: [], data: Uint32Array.of(4294967295) },
};

/** Returns a file with this header text, followed by `dataBytes` bytes of value 0. */
function fileOf(header: string, options: { dataBytes: number; length?: bigint }): Uint8Array {
  const json = new TextEncoder().encode(header);
  const out = new Uint8Array(8 + json.length + options.dataBytes);
  new DataView(out.buffer).setBigUint64(0, options.length ?? BigInt(json.length), true);
  out.set(json, 8);
  return out;
}

Deno.test("readSafetensors() reads what writeSafetensors() wrote, bit for bit", async () => {
  await withFile(new Uint8Array(), async (path) => {
    await writeSafetensors(path, tensors, { format: "pt" });
    deepStrictEqual(await Deno.readFile(path), encodeSafetensors(tensors, { format: "pt" }));
    const back = await readSafetensors(path);
    deepStrictEqual(new Set(Object.keys(back)), new Set(Object.keys(tensors)));
    for (const [name, { shape, data }] of Object.entries(tensors)) {
      deepStrictEqual(back[name].shape, shape);
      deepStrictEqual(back[name].data.constructor, data.constructor);
      deepStrictEqual(new Uint8Array(back[name].data.buffer), new Uint8Array(data.buffer));
    }
    const header = await readSafetensorsHeader(path);
    deepStrictEqual(header.metadata, { format: "pt" });
    deepStrictEqual(header.dataStart % 8, 0);
    deepStrictEqual(header.entries.every((e) => e.begin % (e.dtype === "F16" ? 2 : 4) === 0), true);
  });
});

Deno.test("readSafetensors() widens bfloat16", async () => {
  const bytes = fileOf('{"x":{"dtype":"BF16","shape":[2],"data_offsets":[0,4]}}', { dataBytes: 4 });
  bytes.set([0x80, 0x3F, 0x00, 0xC0], bytes.length - 4);
  await withFile(bytes, async (path) => {
    deepStrictEqual((await readSafetensors(path)).x.data, Float32Array.of(1, -2));
  });
});

Deno.test("encodeSafetensors() refuses another number of values than the shape has", () => {
  throws(
    () => encodeSafetensors({ x: { shape: [2, 2], data: Float32Array.of(1, 2, 3) } }),
    { name: "RangeError", message: /expected 4/ },
  );
});

const f32 = (from: number, to: number, shape = "[1]") =>
  `{"dtype":"F32","shape":${shape},"data_offsets":[${from},${to}]}`;

for (
  const [why, header, dataBytes, length] of [
    ["a header longer than the file", "{}", 0, 1n << 40n],
    ["a header length beyond 2^53", "{}", 0, 0xFFFFFFFFFFFFFFFFn],
    ["a header that is not JSON", "{x", 0],
    ["a header that is a list", "[]", 0],
    ["overlapping tensors", `{"a":${f32(0, 4)},"b":${f32(0, 4)}}`, 4],
    ["a gap between header and data", `{"a":${f32(4, 8)}}`, 8],
    ["data beyond the file", `{"a":${f32(0, 4)}}`, 2],
    ["bytes after the last tensor", `{"a":${f32(0, 4)}}`, 5],
    ["an end before the begin", `{"a":${f32(4, 0)}}`, 4],
    ["a size that does not fit its shape", `{"a":${f32(0, 4, "[2]")}}`, 4],
    ["a shape whose product overflows", `{"a":${f32(0, 4, "[4294967296,4294967296,4294967296]")}}`, 4],
    ["a negative size", `{"a":${f32(0, 4, "[-1]")}}`, 4],
    ["an unknown type", `{"a":{"dtype":"toString","shape":[1],"data_offsets":[0,4]}}`, 4],
    ["metadata that is not text", `{"__metadata__":{"a":1}}`, 0],
  ] as [string, string, number, bigint?][]
) {
  Deno.test(`readSafetensors() refuses ${why}`, async () => {
    const bytes = fileOf(header, length === undefined ? { dataBytes } : { dataBytes, length });
    await withFile(bytes, async (path) => {
      await rejects(() => readSafetensors(path), Deno.errors.InvalidData);
    });
  });
}

Deno.test("readSafetensors() refuses a file truncated at any byte", async () => {
  const bytes = encodeSafetensors(tensors);
  for (let length = 0; length < bytes.length; length++) {
    await withFile(bytes.subarray(0, length), async (path) => {
      await rejects(() => readSafetensors(path), Deno.errors.InvalidData);
    });
  }
});
