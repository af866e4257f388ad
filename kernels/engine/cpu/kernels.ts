/**
 * Loads the build of the WASM kernels that this JavaScript engine can run. The builds are imported as base64
 * text, so that they are loaded with the modules, even from a registry and without permission to read files.
 *
 * @module
 */
import plain from "../../wasm/kernels_plain.wasm.base64" with { type: "text" };
import withRelaxedSimd from "../../wasm/kernels.wasm.base64" with { type: "text" };

// (module (func (result v128) (f32x4.relaxed_madd …three times i32x4.splat of 0…)))
const splat = [0x41, 0x00, 0xfd, 0x11];
const probe = Uint8Array.of(
  ...[0x00, 0x61, 0x73, 0x6d, 0x01, 0x00, 0x00, 0x00],
  ...[0x01, 0x05, 0x01, 0x60, 0x00, 0x01, 0x7b], // one type: () → v128
  ...[0x03, 0x02, 0x01, 0x00], // one function of that type
  ...[0x0a, 0x13, 0x01, 0x11, 0x00, ...splat, ...splat, ...splat, 0xfd, 0x85, 0x02, 0x0b],
);

/** Whether relaxed SIMD is supported: its fused multiply-add makes kernels nearly twice as fast. */
export const hasRelaxedSimd: boolean = WebAssembly.validate(probe);

/** Compiles the build of the kernels that uses relaxed SIMD, or the build that does not. */
export async function loadKernels(relaxed: boolean): Promise<WebAssembly.Module> {
  return await WebAssembly.compile(Uint8Array.fromBase64(relaxed ? withRelaxedSimd : plain));
}
