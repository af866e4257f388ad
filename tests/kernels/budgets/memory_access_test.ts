import { deepStrictEqual, match, ok, strictEqual, throws } from "node:assert/strict";
import { Graph, type Tensor } from "../../../kernels/core/graph.ts";
import { attention } from "../../../kernels/ops/attention/attention.ts";
import { softmax } from "../../../kernels/ops/attention/softmax.ts";
import { crossEntropy } from "../../../kernels/ops/loss/cross_entropy.ts";
import { matmul } from "../../../kernels/ops/matmul/matmul.ts";
import { layerNorm } from "../../../kernels/ops/norm/layer_norm.ts";
import { memoryAccess, sectors, wavefronts } from "./memory_access.ts";
import { distinctKernels } from "./step_kernels.ts";
import { accessesOf } from "./wgsl_lanes.ts";
import { parseWgsl } from "./wgsl_text.ts";

const lanes = (offset: (lane: number) => number, bytes = 4) =>
  Array.from({ length: 32 }, (_, lane) => ({ offset: offset(lane), bytes }));

Deno.test("wavefronts() counts the words of the busiest bank, and a word that all read once", () => {
  deepStrictEqual(wavefronts(lanes((i) => 4 * i)), [1, 1]);
  deepStrictEqual(wavefronts(lanes(() => 12)), [1, 1]);
  deepStrictEqual(wavefronts(lanes((i) => 8 * i)), [2, 1]);
  deepStrictEqual(wavefronts(lanes((i) => 128 * i)), [32, 1]);
  deepStrictEqual(wavefronts(lanes((i) => 132 * i)), [1, 1]);
  deepStrictEqual(wavefronts(lanes((i) => 16 * i, 16)), [4, 4]); // 128 words need four
  deepStrictEqual(wavefronts(lanes((i) => 256 * i, 16)), [32, 4]);
  deepStrictEqual(wavefronts(lanes((i) => 16 * (i % 4), 16)), [1, 1]);
});

Deno.test("sectors() counts blocks of 32 bytes, and the fewest that the bytes need", () => {
  deepStrictEqual(sectors(lanes((i) => 4 * i)), [4, 4]);
  deepStrictEqual(sectors(lanes((i) => 4 * i + 16)), [5, 4]);
  deepStrictEqual(sectors(lanes((i) => 3072 * i)), [32, 4]);
  deepStrictEqual(sectors(lanes((i) => 256 * i, 16)), [32, 16]);
  deepStrictEqual(sectors(lanes(() => 0)), [1, 1]);
});

const text = `
alias number = vec4<f16>;
const wide = 2u * 4u;
@group(0) @binding(0) var<storage, read_write> in0: array<vec4f>;
@group(0) @binding(1) var<storage, read_write> in1: array<u32>;
@group(0) @binding(2) var<storage, read_write> out0: array<f32>;
var<workgroup> tile: array<array<number, 5>, 8>;
fn at(row: u32, column: u32) -> u32 { return (row * wide + column) >> 1u; }
@compute @workgroup_size(8, 8)
fn main(@builtin(workgroup_id) group: vec3u, @builtin(local_invocation_index) lane: u32) {
  var sum = vec4f();
  for (var i = lane; i < 40u; i += 32u) { // two iterations for the first eight
    sum = sum + in0[i];
    tile[i / 5u][i % 5u] = number(sum);
  }
  if (lane >= 4u && lane != 6u || lane == 1u) { return; }
  var kept: array<u32, 4>;
  kept[1] = lane;
  let p = vec4u(kept[1]) + vec4u(0u, 1u, 2u, 3u);
  out0[at(group.x, p[2])] = tile[lane][0].y;
  out0[in1[lane]] += select(1.0, sum.x, p.x < 2u);
}`;

Deno.test("accessesOf() follows loops, branches, functions and vectors of an invocation", () => {
  const module = parseWgsl(text),
    invocation = { group: [3, 0, 0], workgroups: [9, 1, 1], iterations: 5 } as const;
  const of = (lane: number) =>
    accessesOf(module, { ...invocation, lane }).map((
      { kind, name, offset, bytes },
    ) => [kind, name, offset, bytes]);
  deepStrictEqual(of(2), [
    ["load", "in0", 32, 16],
    ["store", "tile", 16, 8],
    ["load", "in0", 16 * 34, 16],
    ["store", "tile", 6 * 40 + 4 * 8, 8],
    ["load", "tile", 80 + 2, 2],
    ["store", "out0", 4 * 14, 4], // (3 · 8 + 4) / 2
    ["load", "in1", 8, 4],
    ["load", "out0", 0, 4],
    ["load", "in1", 8, 4],
    ["store", "out0", 0, 4],
  ]);
  deepStrictEqual(of(9), [["load", "in0", 144, 16], ["store", "tile", 40 + 32, 8]]);
  strictEqual(of(6).length, 10); // both iterations, and what follows the return of the others
  strictEqual(accessesOf(module, { ...invocation, lane: 2, iterations: 1 }).length, 8);
});

Deno.test("parseWgsl() and accessesOf() say what they do not know", () => {
  throws(() => parseWgsl("fn main() { let x = 1u }"), {
    name: "SyntaxError",
    message: /Expected ; in WGSL at: }/,
  });
  throws(() => parseWgsl("enable f16"), { name: "SyntaxError", message: /Expected ; in WGSL/ });
  throws(() => parseWgsl("struct A { x: f32 }"), { name: "SyntaxError", message: /Expected a declaration/ });
  throws(() => parseWgsl("fn main() { let x = $; }"), {
    name: "SyntaxError",
    message: /Cannot read WGSL at \$/,
  });
  const run = (body: string) =>
    accessesOf(parseWgsl(`var<workgroup> a: array<f32, 4>;\nfn main() { ${body} }`), {
      lane: 0,
      group: [0, 0, 0],
      workgroups: [1, 1, 1],
      iterations: 1,
    });
  throws(() => run("let x = y;"), { name: "TypeError", message: /Unknown name y/ });
  throws(() => run("let x = a[u32(1.5)];"), { name: "TypeError", message: /depends on a float/ });
});

/** Returns the kernels of the call that computes a tensor of a graph. */
function kernelsOf(make: (leaf: (...shape: number[]) => Tensor, graph: Graph) => Tensor) {
  const graph = new Graph();
  let count = 0;
  const leaf = (...shape: number[]) => graph.leaf(`in${count++}`, { shape, dtype: "f32" }, "input");
  return distinctKernels([make(leaf, graph).call!]);
}

Deno.test("tiles of products, attention, layer norm, softmax and cross entropy cost no wavefront and no sector too many", () => {
  const kernels = [
    kernelsOf((leaf) => matmul(leaf(1024, 768), leaf(768, 768))),
    kernelsOf((leaf) => matmul(leaf(1024, 768), leaf(768, 768), { transposeB: true })),
    kernelsOf((leaf) => attention(leaf(2, 256, 2304), { heads: 12 })),
    kernelsOf((leaf) => layerNorm(leaf(64, 768), leaf(768), leaf(768))),
    kernelsOf((leaf) => softmax(leaf(64, 768))),
    kernelsOf((leaf, graph) =>
      crossEntropy(leaf(64, 8192), graph.leaf("t", { shape: [64], dtype: "u32" }, "input"))
    ),
  ].flat();
  ok(kernels.length >= 6);
  for (const kernel of kernels) {
    const access = memoryAccess(kernel);
    ok(access.globalLoads.count > 0 && access.globalStores.count > 0, `${kernel.name} ${kernel.call}`);
    for (const [what, { count, least, worst }] of Object.entries(access)) {
      strictEqual(
        count,
        least,
        `${kernel.name} ${kernel.call}: ${what} of ${worst.name}: ${worst.ratio} times`,
      );
    }
  }
});

Deno.test("memoryAccess() finds the conflicts of a tile whose rows are not padded, and rows that lie far apart", () => {
  const [kernel] = kernelsOf((leaf) => attention(leaf(2, 256, 2304), { heads: 12 }));
  match(kernel.code, /own0: array<array<array<vec4f, 9>/);
  const unpadded = memoryAccess({
    ...kernel,
    code: kernel.code.replaceAll("array<vec4f, 9>", "array<vec4f, 8>"),
  });
  const { count, least, worst } = unpadded.workgroupLoads;
  ok(count > 1.5 * least && worst.ratio >= 4 && /^(own|others)/.test(worst.name), `${count} of ${least}`);
  const rows = memoryAccess({
    code: `@group(0) @binding(0) var<storage, read_write> in0: array<f32>;
@compute @workgroup_size(64) fn main(@builtin(global_invocation_id) id: vec3u) { let x = in0[id.x * 768u]; }`,
  });
  deepStrictEqual(rows.globalLoads, { count: 32, least: 4, worst: { ratio: 8, name: "in0" } });
});
