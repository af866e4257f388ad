/**
 * Helpers for writing WGSL kernels.
 *
 * @module
 */
import type { WgslKernel } from "./gpu.ts";
import type { Call } from "./graph.ts";
import { inPlaceOf } from "./op.ts";
import { sizeOf, type Spec } from "./tensor.ts";

/**
 * Returns the numbers of workgroups along `x`, `y` and `z` for `count` invocations in workgroups of `size`.
 * More than 65,535 workgroups are spread over `x` and `y`, because WebGPU allows no more along one dimension.
 */
export function grid(count: number, size: number): readonly [number, number, number] {
  const groups = Math.max(1, Math.ceil(count / size));
  if (groups <= 65535) return [groups, 1, 1];
  const x = Math.ceil(Math.sqrt(groups));
  return [x, Math.ceil(groups / x), 1];
}

/**
 * Returns WGSL declarations of a call's bindings: `in0`, `in1`, … then `out0`, …; an in-place output has no
 * binding of its own, so a kernel writes to the input instead. Elements are f32 or u32 unless `types` gives
 * another type for a binding's name, such as `vec4f` for a tensor that is read in whole vectors of four.
 */
export function wgslBindings(call: Call, types: Readonly<Record<string, string>> = {}): string {
  const lines: string[] = [];
  const declare = (name: string, { dtype }: Spec) => {
    const type = types[name] ?? dtype;
    lines.push(`@group(0) @binding(${lines.length}) var<storage, read_write> ${name}: array<${type}>;`);
  };
  call.inputs.forEach((t, i) => declare(`in${i}`, t));
  call.outputs.forEach((t, i) => inPlaceOf(call.op, i) < 0 && declare(`out${i}`, t));
  return lines.join("\n");
}

/**
 * Returns a kernel with one invocation per element of the first output, or `count` invocations. `body` is
 * WGSL in which `i` is the element's index. `types` gives the types of bindings, as in `wgslBindings()`.
 */
export function flat(
  call: Call,
  body: string,
  { count = sizeOf(call.outputs[0].shape), types = {} }: {
    readonly count?: number;
    readonly types?: Readonly<Record<string, string>>;
  } = {},
): WgslKernel {
  const workgroups = grid(count, 64);
  return {
    workgroups,
    code: `${wgslBindings(call, types)}
@compute @workgroup_size(64)
fn main(@builtin(global_invocation_id) id: vec3u) {
  let i = id.x + id.y * ${workgroups[0] * 64}u;
  if (i >= ${count}u) { return; }
  ${body}
}`,
  };
}

/**
 * WGSL functions that keep NaN. Compilers of WGSL may assume that NaN does not occur: they fold `x != x` to
 * false, `max` may return the other number, and `exp` of NaN may be any number. So NaN is recognized by its
 * bits.
 */
export const nanFunctions: string =
  `fn isNan(x: f32) -> bool { return (bitcast<u32>(x) & 0x7fffffffu) > 0x7f800000u; }
fn orNan(value: f32, x: f32) -> f32 { return select(value, x, isNan(x)); }
fn orNan4(value: vec4f, x: vec4f) -> vec4f {
  return select(value, x, (bitcast<vec4u>(x) & vec4u(0x7fffffffu)) > vec4u(0x7f800000u));
}
fn maxOrNan(a: f32, b: f32) -> f32 { return orNan(orNan(max(a, b), a), b); }`;

/** Returns the dispatches of a kernel, in order. */
export function dispatchesOf(kernel: WgslKernel): readonly WgslKernel[] {
  return kernel.then === undefined ? [kernel] : [kernel, ...dispatchesOf(kernel.then)];
}

/**
 * Returns the size in bytes of the temporary buffer that a kernel's dispatches share, or 0 if they need none.
 */
export function scratchOf(kernel: WgslKernel): number {
  return Math.max(...dispatchesOf(kernel).map(({ scratchBytes = 0 }) => scratchBytes));
}
