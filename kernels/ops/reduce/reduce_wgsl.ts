/**
 * WGSL kernels that reduce [outer, n, inner] to [outer, inner]. A workgroup computes some adjacent columns
 * and divides their `n` rows among its lanes, so that reads are coalesced both for rows (inner is 1) and for
 * columns (the gradient of a bias). The lanes' partial results are combined in a fixed tree.
 *
 * @module
 */
import { flat, grid, wgslBindings } from "../../core/wgsl.ts";
import type { Call } from "../../core/graph.ts";
import type { WgslKernel } from "../../core/gpu.ts";

/** A reduction: an associative operation on two values, and how its result is stored. */
export interface Fold {
  /** Declarations of WGSL functions that `join` calls. */
  readonly functions?: string;
  /** WGSL of the neutral element. */
  readonly start: string;
  /** Returns a WGSL expression that combines two values. */
  join(a: string, b: string): string;
  /** Returns WGSL statements that store a total at an index of the result. */
  store(at: string, total: string): string;
}

const INVOCATIONS = 256; // invocations per workgroup, the limit of the weakest GPU
const ENOUGH_GROUPS = 256; // number of workgroups that keeps a large GPU busy

/** Returns the kernel of a call whose input is viewed as [outer, n, inner]. */
export function reduceKernel(
  call: Call,
  [outer, n, inner]: readonly [number, number, number],
  fold: Fold,
): WgslKernel {
  const { functions = "" } = fold;
  if (n <= 8) {
    const kernel = flat(
      call,
      `var total = f32(${fold.start});
  let first = i / ${inner}u * ${n * inner}u + i % ${inner}u;
  for (var r = 0u; r < ${n}u; r++) { total = ${fold.join("total", `in0[first + r * ${inner}u]`)}; }
  ${fold.store("i", "total")}`,
    );
    return { ...kernel, code: `${functions}\n${kernel.code}` };
  }
  const columns = columnsOf(outer, inner);
  const lanes = INVOCATIONS / columns;
  const tiles = Math.ceil(inner / columns);
  const workgroups = grid(outer * tiles, 1);
  const steps: string[] = [];
  for (let half = lanes / 2; half >= 1; half /= 2) {
    const joined = fold.join("parts[id]", `parts[id + ${half * columns}u]`);
    steps.push(`workgroupBarrier();\n  if (lane < ${half}u) { parts[id] = ${joined}; }`);
  }
  const at = (row: string) => `in0[first + (${row}) * ${inner}u]`;
  return {
    workgroups,
    code: `${wgslBindings(call)}
${functions}
var<workgroup> parts: array<f32, ${INVOCATIONS}>;
@compute @workgroup_size(${INVOCATIONS})
fn main(@builtin(workgroup_id) group: vec3u, @builtin(local_invocation_index) id: u32) {
  let tile = group.x + group.y * ${workgroups[0]}u;
  if (tile >= ${outer * tiles}u) { return; }
  let lane = id / ${columns}u;
  let column = tile % ${tiles}u * ${columns}u + id % ${columns}u;
  let row = tile / ${tiles}u;
  // Four independent partial results hide the memory latency, and lose less to rounding than a single one
  // does.
  var a = f32(${fold.start});
  var b = a;
  var c = a;
  var d = a;
  if (column < ${inner}u) {
    let first = row * ${n * inner}u + column;
    var r = lane;
    for (; r + ${3 * lanes}u < ${n}u; r += ${4 * lanes}u) {
      a = ${fold.join("a", at("r"))};
      b = ${fold.join("b", at(`r + ${lanes}u`))};
      c = ${fold.join("c", at(`r + ${2 * lanes}u`))};
      d = ${fold.join("d", at(`r + ${3 * lanes}u`))};
    }
    for (; r < ${n}u; r += ${lanes}u) { a = ${fold.join("a", at("r"))}; }
  }
  parts[id] = ${fold.join(`(${fold.join("a", "b")})`, `(${fold.join("c", "d")})`)};
  ${steps.join("\n  ")}
  if (lane == 0u && column < ${inner}u) { ${fold.store(`row * ${inner}u + column`, "parts[id]")} }
}`,
  };
}

/**
 * Returns the number of columns per workgroup, a power of two. It is as large as possible with enough
 * workgroups to keep the GPU busy, but at least 8 (a 32-byte sector of memory) if there are that many
 * columns.
 */
function columnsOf(outer: number, inner: number): number {
  let columns = 1;
  while (columns < inner && columns < INVOCATIONS) columns *= 2;
  while (columns > 8 && outer * Math.ceil(inner / columns) < ENOUGH_GROUPS) columns /= 2;
  return columns;
}
