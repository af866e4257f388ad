/**
 * Chooses the tile (micro-kernel) of the WASM matrix products. Both tiles give the same bits, so the choice
 * may depend on measured speed.
 *
 * @module
 */

// (module (memory i64 1) (func (export "f") (result i32) (i32.load offset=16 (i64.const -8))))
const probe = Uint8Array.of(
  ...[0x00, 0x61, 0x73, 0x6d, 0x01, 0x00, 0x00, 0x00],
  ...[0x01, 0x05, 0x01, 0x60, 0x00, 0x01, 0x7f], // one type: () → i32
  ...[0x03, 0x02, 0x01, 0x00], // one function of that type
  ...[0x05, 0x03, 0x01, 0x04, 0x01], // one page of memory with 64-bit addresses
  ...[0x07, 0x05, 0x01, 0x01, 0x66, 0x00, 0x00],
  ...[0x0a, 0x09, 0x01, 0x07, 0x00, 0x42, 0x78, 0x28, 0x02, 0x10, 0x0b],
);

/**
 * Returns whether WASM traps an access out of bounds, which it does not under V8's flag
 * --no-wasm-bounds-checks. By WASM's rules, address -8 with offset 16 is out of bounds, since -8 counts as
 * 2^64 - 8; without a check the sum wraps around to byte 8.
 */
export function hasBoundsChecks(): boolean {
  if (!WebAssembly.validate(probe)) return true; // an older engine without 64-bit addresses
  const { f } = new WebAssembly.Instance(new WebAssembly.Module(probe)).exports;
  try {
    (f as () => number)();
    return false;
  } catch {
    return true;
  }
}

/** Duration of the trial in milliseconds: long enough for V8's optimizing compiler to compile both tiles. */
const TRIAL = 25;
/** The wide tile is chosen only if it is at least this many times as fast; smaller differences are noise. */
const MARGIN = 1.03;

let wideIsFaster: boolean | undefined;

/**
 * Returns whether matrix products should use the wide tile (kernels/wasm/tile_wide.ts). With bounds checks,
 * the wide tile is slower and never used; without them a trial of 25 ms decides. The trial is made once per
 * process.
 */
export function prefersWide(module: WebAssembly.Module): boolean {
  return wideIsFaster ??= !hasBoundsChecks() && isWideFaster(module);
}

function isWideFaster(module: WebAssembly.Module): boolean {
  const memory = new WebAssembly.Memory({ initial: 48, maximum: 48, shared: true });
  const { exports } = new WebAssembly.Instance(module, { env: { memory } });
  const matmul = exports.matmul as (...numbers: number[]) => void;
  const choose = exports.choose_wide as (wide: number) => void;
  // A product [64, 256] x [256, 64], which stays in the cache; scratch memory starts at 1 MiB.
  const [tensors, args, a, b, c, scratch] = [0, 64, 0x10000, 0x20000, 0x30000, 0x100000];
  new Uint32Array(memory.buffer, tensors, 3).set([a, b, c]);
  new Float64Array(memory.buffer, args, 5).set([64, 64, 256, 0, 0]);
  const least = [Infinity, Infinity], end = performance.now() + TRIAL;
  for (let turn = 0; turn < 16 || performance.now() < end; turn++) {
    const wide = turn % 2;
    choose(wide);
    const before = performance.now();
    matmul(tensors, args, 0, 1, scratch);
    least[wide] = Math.min(least[wide], performance.now() - before);
  }
  return least[0] > MARGIN * least[1];
}
