/**
 * WGSL of matrix multiplication: square tiles of both operands staged in workgroup memory, 4 x 4 results an
 * invocation in registers, the loop over a tile's depth unrolled by four in the text.
 *
 * Results of an invocation stand a quarter tile apart, so that neighbours read neighbouring workgroup memory and
 * write neighbouring results. Rows of a staged tile are padded by one against bank conflicts.
 *
 * @module
 */
import { type Call, type Kernel, wgslBindings } from "../core/op.ts";
import type { MatmulAttrs, MatmulSizes } from "./matmul.ts";

const DEPTH = 16; // of a staged tile: 64 x 16 of a and b are 8.3 KiB of the 16 KiB that every adapter has
const UNROLL = 4; // 16 made longer text and ran 20 % slower on SwiftShader
const EACH = [0, 1, 2, 3];

/**
 * One dispatch of `call`: [M, K] · [K, N] in any layout. `finish` are statements that store the f32 `value` of a result
 * in `column` at index `at`; default: in out0.
 */
export function matmulKernel(
  call: Call<MatmulAttrs>,
  { m, n, k, limits, finish = ["out0[at] = value;"] }: MatmulSizes & {
    readonly limits: GPUSupportedLimits;
    readonly finish?: readonly string[];
  },
): Kernel {
  const tile = tileFor({ m, n, k }, limits);
  const side = tile / 4; // invocations along one side of a workgroup
  const stride = tile + 1;
  const a = call.attrs.transposeA
    ? { along: "width", index: (row: string, depth: string) => `${depth} * ${m}u + ${row}` } as const
    : { along: "depth", index: (row: string, depth: string) => `${row} * ${k}u + ${depth}` } as const;
  const b = call.attrs.transposeB
    ? { along: "depth", index: (column: string, depth: string) => `${column} * ${k}u + ${depth}` } as const
    : { along: "width", index: (column: string, depth: string) => `${depth} * ${n}u + ${column}` } as const;
  const stages = { tile, depthEnd: k };
  return {
    workgroups: [Math.ceil(n / tile), Math.ceil(m / tile), 1],
    code: `${wgslBindings(call)}
var<workgroup> tileA: array<f32, ${DEPTH * stride}>;
var<workgroup> tileB: array<f32, ${DEPTH * stride}>;

@compute @workgroup_size(${side * side})
fn main(@builtin(workgroup_id) group: vec3u, @builtin(local_invocation_index) lane: u32) {
  let column0 = group.x * ${tile}u;
  let row0 = group.y * ${tile}u;
  let x = lane % ${side}u;
  let y = lane / ${side}u;
${EACH.map((i) => `  var sum${i} = vec4f();`).join("\n")}
  for (var depth0 = 0u; depth0 < ${k}u; depth0 += ${DEPTH}u) {
${stage({ ...stages, to: "tileA", from: "in0", start: "row0", end: m, ...a })}
${stage({ ...stages, to: "tileB", from: "in1", start: "column0", end: n, ...b })}
    workgroupBarrier();
    for (var base = 0u; base < ${DEPTH * stride}u; base += ${UNROLL * stride}u) {
${Array.from({ length: UNROLL }, (_, depth) => multiply(depth, side, stride)).join("\n")}
    }
    workgroupBarrier();
  }
${EACH.map((i) => store(i, { m, n, side, finish })).join("\n")}
}`,
  };
}

/** 64 where the result has enough tiles of that size to keep a device busy, else 32. */
function tileFor({ m, n }: MatmulSizes, limits: GPUSupportedLimits): 32 | 64 {
  const tiles = Math.ceil(m / 64) * Math.ceil(n / 64);
  return limits.maxComputeInvocationsPerWorkgroup >= 256 && m > 32 && n > 32 && tiles >= 96 ? 64 : 32;
}

/** Copies a tile into workgroup memory as [depth][width], zeros outside; neighbours read along memory. */
function stage(
  o: {
    to: string;
    from: string;
    tile: number;
    start: string;
    end: number;
    depthEnd: number;
    along: "width" | "depth";
    index(at: string, depth: string): string;
  },
): string {
  const invocations = (o.tile / 4) ** 2;
  const lines: string[] = [];
  for (let first = 0; first < o.tile * DEPTH; first += invocations) {
    const [wide, deep] = o.along === "depth"
      ? [`lane / ${DEPTH}u + ${first / DEPTH}u`, `lane % ${DEPTH}u`]
      : [`lane % ${o.tile}u`, `lane / ${o.tile}u + ${first / o.tile}u`];
    lines.push(`    {
      let wide = ${wide};
      let deep = ${deep};
      let at = ${o.start} + wide;
      let depth = depth0 + deep;
      var value = 0.0;
      if (at < ${o.end}u && depth < ${o.depthEnd}u) { value = ${o.from}[${o.index("at", "depth")}]; }
      ${o.to}[deep * ${o.tile + 1}u + wide] = value;
    }`);
  }
  return lines.join("\n");
}

function multiply(depth: number, side: number, stride: number): string {
  const at = (tile: string, lane: string, i: number) =>
    `${tile}[base + ${lane} + ${depth * stride + i * side}u]`;
  return `      {
        let b = vec4f(${EACH.map((j) => at("tileB", "x", j)).join(", ")});
${EACH.map((i) => `        sum${i} = fma(vec4f(${at("tileA", "y", i)}), b, sum${i});`).join("\n")}
      }`;
}

function store(
  i: number,
  { m, n, side, finish }: { m: number; n: number; side: number; finish: readonly string[] },
): string {
  const results = EACH.map((j) =>
    `      {
        let column = column0 + x + ${j * side}u;
        if (column < ${n}u) {
          let at = row * ${n}u + column;
          let value = sum${i}[${j}];
${finish.map((line) => `          ${line}`).join("\n")}
        }
      }`
  );
  return `  {
    let row = row0 + y + ${i * side}u;
    if (row < ${m}u) {
${results.join("\n")}
    }
  }`;
}
