import { deepStrictEqual, strictEqual } from "node:assert/strict";
import {
  crc32c,
  tensorboardRecord,
  tensorboardVersion,
} from "../../../../stages/format/viewer/tensorboard_records.ts";

Deno.test("crc32c() gives RFC 3720's examples", () => {
  strictEqual(crc32c(new TextEncoder().encode("123456789")), 0xe3069283);
  strictEqual(crc32c(new Uint8Array(32)), 0x8a9136aa);
  strictEqual(crc32c(new Uint8Array(32).fill(255)), 0x62a8ab43);
});

Deno.test("tensorboardVersion() is the first record of TensorFlow's event files", () => {
  const bytes = tensorboardVersion(0);
  deepStrictEqual([...bytes.subarray(0, 13)], [0x18, 0, 0, 0, 0, 0, 0, 0, 0xa3, 0x7f, 0x4b, 0x22, 0x09]);
  strictEqual(new TextDecoder().decode(bytes.subarray(23, 36)), "brain.Event:2");
});

Deno.test("tensorboardRecord() writes length, step and scalars by event.proto's field numbers", () => {
  const bytes = tensorboardRecord({ wallTime: 1.5, step: 300, scalars: { a: 1, bc: -2 } });
  const data = bytes.subarray(12, bytes.length - 4);
  strictEqual(Number(new DataView(bytes.buffer).getBigUint64(0, true)), data.length);
  const tag = (name: string) => [0x0a, name.length, ...new TextEncoder().encode(name)];
  const float = (x: number) => [0x15, ...new Uint8Array(Float32Array.of(x).buffer)];
  const values = [[...tag("a"), ...float(1)], [...tag("bc"), ...float(-2)]].flatMap((
    v,
  ) => [0x0a, v.length, ...v]);
  deepStrictEqual([...data], [
    ...[0x09, ...new Uint8Array(Float64Array.of(1.5).buffer)],
    ...[0x10, 0xac, 0x02],
    ...[0x2a, values.length, ...values],
  ]);
});
