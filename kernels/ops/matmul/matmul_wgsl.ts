/**
 * WGSL of a matrix product: one of a family of kernels, by where operands wait, how many results an
 * invocation holds, and whether K is summed in parts. What an op does to a finished sum is its own
 * statements.
 *
 * @module
 */
import { bindings, callKey } from "../../core/op.ts";
import type { Gpu, WgslKernel } from "../../core/gpu.ts";
import type { Call } from "../../core/graph.ts";
import { grid, wgslBindings } from "../../core/wgsl.ts";
import { sizeOf } from "../../core/tensor.ts";
import { columnGroup, range, registerBody, rowGroup, tileBody } from "./matmul_body.ts";
import { elementType, type Operand } from "./matmul_operand.ts";
import {
  DEPTH,
  type MatmulSizes,
  type MatmulVariant,
  matmulVariants,
  variantName,
} from "./matmul_variants.ts";

/** What an op makes of a product's sums. */
export interface Epilogue {
  /**
   * Statements that store `value`, the sum in `column`, at index `at` of tensors like the result. They hold
   * for single numbers as for four neighbours, indices then being those of fours: `number` is f32 or vec4f.
   */
  readonly lines: readonly string[];
  /** WGSL functions that they call, of `number`. */
  readonly functions?: string;
}

const stored: Epilogue = { lines: ["out0[at] = value;"] };

/** A product and what is done to its sums; default: stored in out0. */
export interface MatmulKernelOptions extends MatmulSizes {
  readonly gpu: Gpu;
  readonly epilogue?: Epilogue;
}

/** The kernel that `gpu.choices` has for a call, else the one that is sane untried. in0 is a, in1 is b. */
export function matmulKernel(
  call: Call,
  { gpu, epilogue = stored, ...sizes }: MatmulKernelOptions,
): WgslKernel {
  const variants = matmulVariants(sizes, gpu), chosen = gpu.choices?.get(callKey(call));
  const variant = variants.find((v) => variantName(v) === chosen) ?? variants[0];
  const { m, n, k, transposeA, transposeB } = sizes;
  const a: Operand = { name: "in0", along: transposeA ? "width" : "depth", width: m, depth: k };
  const b: Operand = { name: "in1", along: transposeB ? "depth" : "width", width: n, depth: k };
  const product: Product = {
    call,
    a,
    b,
    variant,
    fours: n % 4 === 0,
    nativeHalf: gpu.features.has("shader-f16"),
  };
  const { parts } = variant;
  if (parts === 1) return sums(product, epilogue);
  const part = { lines: [`scratch[part * ${elements(product)}u + at] = value;`] };
  return { ...sums(product, part), scratchBytes: 4 * m * n * parts, then: sumOfParts(product, epilogue) };
}

interface Product {
  readonly call: Call;
  readonly a: Operand;
  readonly b: Operand;
  readonly variant: MatmulVariant;
  /** The result's rows are whole vectors of four, and so handled. */
  readonly fours: boolean;
  readonly nativeHalf: boolean;
}

/** Numbers of the result, or fours of them. */
function elements({ a, b, fours }: Product): number {
  return a.width * b.width / (fours ? 4 : 1);
}

/** Sums of products, each over its workgroup's part of K. */
function sums(product: Product, epilogue: Epilogue): WgslKernel {
  const { a, b, variant } = product, { from, rows, columns, across, down, parts, slices = 1 } = variant;
  const body = from === "tiles" || from === "half" ? tileBody(product) : registerBody(product);
  const span = Math.ceil(a.depth / parts / DEPTH) * DEPTH;
  const lanes = from === "quads"
    ? quadLanes
    : { parameters: "@builtin(local_invocation_index) lane: u32", lines: [] };
  return {
    workgroups: [Math.ceil(b.width / (columns * across)), Math.ceil(a.width / (rows * down)), parts],
    code: `${from === "half" && product.nativeHalf ? "enable f16;" : ""}
${declarations(product, { epilogue, operands: true })}
${body.declarations.join("\n")}
${from === "slices" ? `var<workgroup> slicesOf: array<vec4f, ${sharedRows(product) * across * slices}>;` : ""}
${epilogueFour(product, epilogue)}

@compute @workgroup_size(${across * down * slices})
fn main(@builtin(workgroup_id) group: vec3u, ${lanes.parameters}) {
${
      [
        ...lanes.lines,
        `let row0 = group.y * ${rows * down}u;`,
        `let column0 = group.x * ${columns * across}u;`,
        ...(from === "slices" ? sliceLanes(product) : [
          `let x = lane % ${across}u;`,
          `let y = lane / ${across}u;`,
        ]),
        `let first = ${parts === 1 ? "0u" : `group.z * ${span}u`};`,
        `let end = ${parts === 1 ? `${a.depth}u` : `min(first + ${span}u, ${a.depth}u)`};`,
        ...range(rows).flatMap((r) => range(columns / 4).map((c) => `var sum_${r}_${c} = vec4f();`)),
        ...body.lines,
        ...(from === "slices"
          ? joinedSlices(product)
          : range(rows).flatMap((r) =>
            range(columns / 4).map((c) =>
              `epilogue(group.z, ${rowGroup(variant, r >> 2)} + ${r % 4}u, ${
                columnGroup(variant, c)
              }, sum_${r}_${c});`
            )
          )),
      ].map((line) => `  ${line}`).join("\n")
    }
}`,
  };
}

/** Rows whose slices are kept: those that there are. */
function sharedRows({ a, variant }: Product): number {
  return Math.min(a.width, variant.rows);
}

/** Neighbours read neighbouring memory: slices where b lies along the depth, else columns. */
function sliceLanes({ b, variant: { across, slices = 1 } }: Product): readonly string[] {
  const [x, slice] = b.along === "depth"
    ? [`lane / ${slices}u`, `lane % ${slices}u`]
    : [`lane % ${across}u`, `lane / ${across}u`];
  return [`let x = ${x};`, `let slice = ${slice};`, "let y = 0u;"];
}

/** Slices of a result added in order, by as many invocations as there are rows. */
function joinedSlices(product: Product): readonly string[] {
  const { variant } = product, { across, slices = 1 } = variant, kept = sharedRows(product);
  return [
    ...range(kept).map((r) => `slicesOf[(slice * ${across}u + x) * ${kept}u + ${r}u] = sum_${r}_0;`),
    "workgroupBarrier();",
    `for (var r = slice; r < ${kept}u; r += ${slices}u) {`,
    "  var total = vec4f();",
    `  for (var s = 0u; s < ${slices}u; s++) { total += slicesOf[(s * ${across}u + x) * ${kept}u + r]; }`,
    `  epilogue(group.z, row0 + r, ${columnGroup(variant, 0)}, total);`,
    "}",
  ];
}

/**
 * Invocations numbered by subgroups, so that the four of a quad follow each other whatever the driver's order
 * is.
 */
const quadLanes = {
  parameters: "@builtin(subgroup_id) subgroup: u32, @builtin(subgroup_size) size: u32, " +
    "@builtin(subgroup_invocation_id) invocation: u32",
  lines: ["let lane = subgroup * size + invocation;", "let quad = lane % 4u;"],
};

/** Adds the sums of all parts in order, and finishes them. */
function sumOfParts(product: Product, epilogue: Epilogue): WgslKernel {
  const count = elements(product), workgroups = grid(count, 64);
  return {
    workgroups,
    code: `${declarations(product, { epilogue, operands: false })}

@compute @workgroup_size(64)
fn main(@builtin(global_invocation_id) id: vec3u) {
  let at = id.x + id.y * ${workgroups[0] * 64}u;
  if (at >= ${count}u) { return; }
  let column = at % ${count / product.a.width}u;
  var value = scratch[at];
  for (var part = 1u; part < ${product.variant.parts}u; part++) { value += scratch[part * ${count}u + at]; }
${epilogue.lines.map((line) => `  ${line}`).join("\n")}
}`,
  };
}

/** Bindings and functions: all tensors in `number`s, operands as they are best read. */
function declarations(
  { call, a, b, variant, fours }: Product,
  { epilogue, operands }: { readonly epilogue: Epilogue; readonly operands: boolean },
): string {
  const number = fours ? "vec4f" : "f32", types: Record<string, string> = {};
  call.inputs.forEach(({ dtype, shape }, i) => {
    if (dtype === "f32" && (!fours || sizeOf(shape) % 4 === 0)) types[`in${i}`] = number;
  });
  call.outputs.forEach((_, i) => types[`out${i}`] = number);
  if (operands) Object.assign(types, { in0: elementType(a), in1: elementType(b) });
  const scratch = `@group(0) @binding(${
    bindings(call).length
  }) var<storage, read_write> scratch: array<${number}>;`;
  return `alias number = ${number};
${wgslBindings(call, types)}
${variant.parts > 1 ? scratch : ""}
${epilogue.functions ?? ""}`;
}

/** A function that finishes four sums of a row, from column `first` on, where they lie within the result. */
function epilogueFour({ a, b, fours }: Product, { lines }: Epilogue): string {
  const width = b.width / (fours ? 4 : 1);
  const one = (column: string, value: string) =>
    `  {
    let column = ${column};
    if (column < ${width}u) {
      let at = row * ${width}u + column;
      let value = ${value};
${lines.map((line) => `      ${line}`).join("\n")}
    }
  }`;
  return `fn epilogue(part: u32, row: u32, first: u32, sums: vec4f) {
  if (row >= ${a.width}u) { return; }
${
    fours
      ? one("first / 4u", "sums")
      : range(4).map((lane) => one(`first + ${lane}u`, `sums[${lane}]`)).join("\n")
  }
}`;
}
