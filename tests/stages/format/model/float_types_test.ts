import { deepStrictEqual, ok } from "node:assert/strict";
import { philox } from "../../../../kernels/random/philox.ts";
import { narrowed, widened } from "../../../../stages/format/model/float_types.ts";

const halvesOf = (bytes: Uint8Array) => new Uint16Array(bytes.slice().buffer);
const bitsOf = (...bits: number[]) => new Float32Array(Uint32Array.from(bits).buffer);

Deno.test("narrowed() rounds to the nearest bfloat16, ties to even", () => {
  const cases: [bits: number, half: number][] = [
    [0x3F800000, 0x3F80],
    [0x3F808000, 0x3F80], // a tie rounds down to even
    [0x3F818000, 0x3F82], // a tie rounds up to even
    [0x3F808001, 0x3F81],
    [0x3F807FFF, 0x3F80],
    [0x7F7FFFFF, 0x7F80], // infinity, since it is above the largest bfloat16
    [0xFF800000, 0xFF80],
    [0x80000000, 0x8000],
    [0x00000001, 0x0000],
    [0x00008001, 0x0001], // subnormal
    [0x7F800001, 0x7FC0], // NaN stays NaN
    [0x7FFFFFFF, 0x7FFF],
    [0xFFC00000, 0xFFC0],
  ];
  deepStrictEqual(
    halvesOf(narrowed(bitsOf(...cases.map(([bits]) => bits)), "bf16")),
    Uint16Array.from(cases, ([, half]) => half),
  );
});

Deno.test("narrowed() is the inverse of widened() for every bfloat16, including NaNs", () => {
  const all = Uint16Array.from({ length: 65536 }, (_, i) => i);
  const wide = widened(new Uint8Array(all.buffer.slice()), "bf16");
  deepStrictEqual(halvesOf(narrowed(wide, "bf16")), all);
});

Deno.test("narrowed() gives the nearest of all bfloat16 numbers", () => {
  const draws = Array.from({ length: 500 }, (_, i) => philox(3, "bf16", i)[0] & 0x7FFFFFFF);
  for (const bits of draws.filter((each) => each < 0x7F000000)) {
    const [x] = bitsOf(bits), [half] = halvesOf(narrowed(bitsOf(bits), "bf16"));
    const error = (h: number) => Math.abs(bitsOf(h << 16)[0] - x);
    ok(error(half) <= error(half + 1) && error(half) <= error(half - 1), `${bits}`);
  }
});

Deno.test("widened() reads every float16 as IEEE 754 defines its bits", () => {
  const all = Uint16Array.from({ length: 65536 }, (_, i) => i);
  const wide = widened(new Uint8Array(all.buffer.slice()), "f16");
  for (let half = 0; half < 65536; half++) {
    const sign = half & 0x8000 ? -1 : 1, exponent = half >> 10 & 31, fraction = half & 1023;
    const wanted = exponent === 31
      ? fraction === 0 ? sign * Infinity : NaN
      : exponent === 0
      ? sign * fraction * 2 ** -24
      : sign * (1024 + fraction) * 2 ** (exponent - 25);
    ok(Object.is(wide[half], wanted), `${half}: ${wide[half]}, wanted ${wanted}`);
  }
});
