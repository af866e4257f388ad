/**
 * WGSL of products with quantised weights: for a few rows of activations, 16 lanes share a column of the
 * result; for more rows, tiles of 32 by 32 results multiply weights that are dequantised in workgroup memory.
 *
 * @module
 */
import {
  type BlockLayout,
  type PlacedRows,
  placedRows,
  rowsOfLayout,
} from "../../core/blocks/block_layout.ts";
import type { WgslKernel } from "../../core/gpu.ts";
import type { Call } from "../../core/graph.ts";
import { bindings } from "../../core/op.ts";
import { grid, wgslBindings } from "../../core/wgsl.ts";
import { byteReaders, PIECE, signedBytes, weightsFunction } from "./block_wgsl.ts";
import { activationScale } from "./rounded_activations.ts";

/** Largest number of rows for which the weights are not staged in workgroup memory. */
const FEW = 8;
const LANES = 64;
/** Columns of a workgroup for a few rows. */
const COLUMNS = 4;
/** Rows and columns of a tile. */
const TILE = 32;
/** Vectors from one row of a staged tile to the next; one more than are read, for bank conflicts. */
const STRIDE = 9;

/** Returns the dispatches of a product of `rows` rows: one for each part of the weight. */
export function quantizedMatmulKernel(
  call: Call<BlockLayout>,
  { rows }: { readonly rows: number },
): WgslKernel {
  const layout = call.attrs, rounds = layout.activations === "i8";
  const product: Product = { call, layout, rows, x: rounds ? "scratch" : "in0" };
  const chain = placedRows(layout).map((part) => rows <= FEW ? fewRows(product, part) : tiles(product, part));
  if (rounds) {
    const rounding = roundActivations(product);
    for (const each of chain) Object.assign(each, { scratchBytes: rounding.scratchBytes });
    chain.unshift(rounding);
  }
  return chain.reduceRight((then, kernel) => ({ ...kernel, then }));
}

interface Product {
  readonly call: Call<BlockLayout>;
  readonly layout: BlockLayout;
  readonly rows: number;
  /** Name of the binding of the activations, an array of vectors. */
  readonly x: "in0" | "scratch";
}

/** Declares the bindings, and the functions that read the weights of a part. */
function declarations({ call, layout, x }: Product, part: PlacedRows): string {
  const scratch = x === "in0"
    ? ""
    : `@group(0) @binding(${bindings(call).length}) var<storage, read_write> scratch: array<vec4f>;`;
  return `${wgslBindings(call, { in0: "vec4f" })}
${scratch}
${byteReaders("in1")}
${signedBytes}
${weightsFunction("weights", { ...part, columns: layout.columns })}`;
}

function fewRows(product: Product, part: PlacedRows): WgslKernel {
  const { layout, rows, x } = product, n = rowsOfLayout(layout), depth = layout.columns / 4;
  const workgroups = grid(part.rows, COLUMNS), shares = LANES / COLUMNS;
  return {
    workgroups,
    code: `${declarations(product, part)}
var<workgroup> partial: array<f32, ${rows * LANES}>;
@compute @workgroup_size(${LANES})
fn main(@builtin(workgroup_id) group: vec3u, @builtin(local_invocation_index) lane: u32) {
  let first = (group.x + group.y * ${workgroups[0]}u) * ${COLUMNS}u;
  let column = min(first + lane / ${shares}u, ${part.rows - 1}u);
  var sums: array<f32, ${rows}>;
  for (var piece = lane % ${shares}u; piece < ${layout.columns / PIECE}u; piece += ${shares}u) {
    var w = weights(column, piece);
    for (var row = 0u; row < ${rows}u; row++) {
      let at = row * ${depth}u + 4u * piece;
      sums[row] += dot(w[0], ${x}[at]) + dot(w[1], ${x}[at + 1u]) + dot(w[2], ${x}[at + 2u]) + dot(w[3], ${x}[at + 3u]);
    }
  }
  for (var row = 0u; row < ${rows}u; row++) { partial[row * ${LANES}u + lane] = sums[row]; }
  workgroupBarrier();
  if (lane >= ${rows * COLUMNS}u) { return; }
  let own = lane % ${COLUMNS}u;
  let row = lane / ${COLUMNS}u;
  if (first + own >= ${part.rows}u) { return; }
  var total = 0.0;
  for (var i = 0u; i < ${shares}u; i++) { total += partial[row * ${LANES}u + own * ${shares}u + i]; }
  out0[row * ${n}u + ${part.first}u + first + own] = total;
}`,
  };
}

function tiles(product: Product, part: PlacedRows): WgslKernel {
  const { layout, rows, x } = product, n = rowsOfLayout(layout), depth = layout.columns / 4;
  return {
    workgroups: [Math.ceil(part.rows / TILE), Math.ceil(rows / TILE), 1],
    code: `${declarations(product, part)}
var<workgroup> a: array<vec4f, ${TILE * STRIDE}>; // rows of activations, 32 deep
var<workgroup> b: array<vec4f, ${TILE * STRIDE}>; // rows of weights
@compute @workgroup_size(${LANES})
fn main(@builtin(workgroup_id) group: vec3u, @builtin(local_invocation_index) lane: u32) {
  let column0 = group.x * ${TILE}u;
  let row0 = group.y * ${TILE}u;
  var sums: array<vec4f, 4>;
  for (var k = 0u; k < ${layout.columns / 32}u; k++) {
    for (var i = lane; i < ${TILE * 8}u; i += ${LANES}u) {
      let row = min(row0 + i / 8u, ${rows - 1}u);
      a[i / 8u * ${STRIDE}u + i % 8u] = ${x}[row * ${depth}u + 8u * k + i % 8u];
    }
    let own = min(column0 + lane / 2u, ${part.rows - 1}u);
    var w = weights(own, 2u * k + lane % 2u);
    for (var i = 0u; i < 4u; i++) { b[lane / 2u * ${STRIDE}u + lane % 2u * 4u + i] = w[i]; }
    workgroupBarrier();
    for (var step = 0u; step < 8u; step++) {
      for (var r = 0u; r < 4u; r++) {
        let left = a[(lane / 8u + 8u * r) * ${STRIDE}u + step];
        sums[r] += vec4f(
          dot(left, b[(lane % 8u) * ${STRIDE}u + step]),
          dot(left, b[(lane % 8u + 8u) * ${STRIDE}u + step]),
          dot(left, b[(lane % 8u + 16u) * ${STRIDE}u + step]),
          dot(left, b[(lane % 8u + 24u) * ${STRIDE}u + step]));
      }
    }
    workgroupBarrier();
  }
  for (var r = 0u; r < 4u; r++) {
    let row = row0 + lane / 8u + 8u * r;
    for (var c = 0u; c < 4u; c++) {
      let column = column0 + lane % 8u + 8u * c;
      if (row < ${rows}u && column < ${part.rows}u) {
        out0[row * ${n}u + ${part.first}u + column] = sums[r][c];
      }
    }
  }
}`,
  };
}

/**
 * Returns the kernel of the gradient of the activations, `rows` rows: tiles of 32 by 32 results multiply rows
 * of the weight that are dequantised in workgroup memory.
 */
export function quantizedMatmulGradKernel(
  call: Call<BlockLayout>,
  { rows }: { readonly rows: number },
): WgslKernel {
  const layout = call.attrs, n = rowsOfLayout(layout), { columns } = layout, parts = placedRows(layout);
  return {
    workgroups: [Math.ceil(columns / TILE), Math.ceil(rows / TILE), 1],
    code: `${wgslBindings(call)}
${byteReaders("in1")}
${signedBytes}
${parts.map((part, i) => weightsFunction(`weights${i}`, { ...part, columns })).join("\n")}
var<workgroup> a: array<f32, ${TILE * (TILE + 1)}>; // 32 rows of gradients, 32 deep
var<workgroup> b: array<vec4f, ${TILE * STRIDE}>; // 32 rows of weights, 32 columns
@compute @workgroup_size(${LANES})
fn main(@builtin(workgroup_id) group: vec3u, @builtin(local_invocation_index) lane: u32) {
  let column0 = group.x * ${TILE}u;
  let row0 = group.y * ${TILE}u;
  var sums: array<vec4f, 4>;
${
      parts.map((part, i) =>
        `  for (var first = 0u; first < ${part.rows}u; first += ${TILE}u) {
    for (var at = lane; at < ${TILE * TILE}u; at += ${LANES}u) {
      let row = min(row0 + at / ${TILE}u, ${rows - 1}u);
      let deep = min(first + at % ${TILE}u, ${part.rows - 1}u);
      let value = in0[row * ${n}u + ${part.first}u + deep];
      a[at / ${TILE}u * ${
          TILE + 1
        }u + at % ${TILE}u] = select(0.0, value, first + at % ${TILE}u < ${part.rows}u);
    }
    var w = weights${i}(min(first + lane / 2u, ${part.rows - 1}u), column0 / ${PIECE}u + lane % 2u);
    for (var v = 0u; v < 4u; v++) { b[lane / 2u * ${STRIDE}u + lane % 2u * 4u + v] = w[v]; }
    workgroupBarrier();
    for (var step = 0u; step < ${TILE}u; step++) {
      let right = b[step * ${STRIDE}u + lane % 8u];
      for (var r = 0u; r < 4u; r++) { sums[r] += a[(lane / 8u + 8u * r) * ${TILE + 1}u + step] * right; }
    }
    workgroupBarrier();
  }`
      ).join("\n")
    }
  for (var r = 0u; r < 4u; r++) {
    let row = row0 + lane / 8u + 8u * r;
    if (row >= ${rows}u) { continue; }
    let at = row * ${columns}u + column0 + lane % 8u * 4u;
    for (var c = 0u; c < 4u; c++) { out0[at + c] = sums[r][c]; }
  }
}`,
  };
}

/** Returns the dispatch that writes rounded activations to the scratch memory. */
function roundActivations({ call, layout, rows }: Product): WgslKernel {
  const count = rows * layout.columns / 32, workgroups = grid(count, LANES);
  return {
    workgroups,
    scratchBytes: 4 * rows * layout.columns,
    code: `${wgslBindings(call, { in0: "vec4f" })}
@group(0) @binding(${bindings(call).length}) var<storage, read_write> scratch: array<vec4f>;
${activationScale}
@compute @workgroup_size(${LANES})
fn main(@builtin(global_invocation_id) id: vec3u) {
  let block = id.x + id.y * ${workgroups[0] * LANES}u;
  if (block >= ${count}u) { return; }
  let scale = activationScale(8u * block);
  let by = select(1.0 / scale, 0.0, scale < 1e-30);
  for (var i = 8u * block; i < 8u * block + 8u; i++) { scratch[i] = round(in0[i] * by) * scale; }
}`,
  };
}
