/**
 * Which micro-kernel the products of the WASM kernels are made of. Both give the same bits, so that how fast they are may
 * decide.
 *
 * @module
 */

// (module (memory i64 1) (func (export "f") (result i32) (i32.load offset=16 (i64.const -8))))
const probe = Uint8Array.of(
  ...[0x00, 0x61, 0x73, 0x6d, 0x01, 0x00, 0x00, 0x00],
  ...[0x01, 0x05, 0x01, 0x60, 0x00, 0x01, 0x7f], // one type: () → i32
  ...[0x03, 0x02, 0x01, 0x00], // one function of it
  ...[0x05, 0x03, 0x01, 0x04, 0x01], // a page of memory, 64-bit addresses
  ...[0x07, 0x05, 0x01, 0x01, 0x66, 0x00, 0x00],
  ...[0x0a, 0x09, 0x01, 0x07, 0x00, 0x42, 0x78, 0x28, 0x02, 0x10, 0x0b],
);

/**
 * Whether WASM traps an access out of bounds; false under V8's flag --no-wasm-bounds-checks. Address -8 + 16 is out of
 * bounds by WASM's rules, which count in unbounded numbers, but a machine that does not look finds byte 8 there.
 */
export function hasBoundsChecks(): boolean {
  if (!WebAssembly.validate(probe)) return true; // no 64-bit addresses: an older engine
  const { f } = new WebAssembly.Instance(new WebAssembly.Module(probe)).exports;
  try {
    (f as () => number)();
    return false;
  } catch {
    return true;
  }
}

/** Milliseconds that the trial takes: V8's optimizing compiler has come to both by then. */
const TRIAL = 25;
/** What the other one must be better by: it is a draw otherwise. */
const MARGIN = 1.03;

let tried: boolean | undefined;

/**
 * Whether products should use the wide tile (kernels/wasm/tile_wide.ts). Never where there are bounds checks: it is slower
 * then. Else where it wins a trial of 25 ms, held once: the answer stays what it was.
 */
export function prefersWide(module: WebAssembly.Module): boolean {
  return tried ??= !hasBoundsChecks() && isWideFaster(module);
}

function isWideFaster(module: WebAssembly.Module): boolean {
  const memory = new WebAssembly.Memory({ initial: 48, maximum: 48, shared: true });
  const { exports } = new WebAssembly.Instance(module, { env: { memory } });
  const matmul = exports.matmul as (...numbers: number[]) => void;
  const choose = exports.choose_wide as (wide: number) => void;
  // [64, 256] x [256, 64], which stay in the cache; scratch is the third megabyte and what follows.
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
