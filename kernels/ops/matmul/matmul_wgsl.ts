/**
 * WGSL of a matrix product. The variant determines how operands reach the multiplications, how many results
 * an invocation computes, and whether K is divided into parts. The op supplies the epilogue that is applied
 * to finished sums.
 *
 * @module
 */
import { bindings, callKey } from "../../core/op.ts";
import type { Gpu, WgslKernel } from "../../core/gpu.ts";
import type { Call } from "../../core/graph.ts";
import { grid, wgslBindings } from "../../core/wgsl.ts";
import { sizeOf } from "../../core/tensor.ts";
import { columnGroup, range, registerBody, rowGroup, tileBody } from "./matmul_body.ts";
import { elementType, type Operand, STEPS } from "./matmul_operand.ts";
import {
  DEPTH,
  type MatmulSizes,
  type MatmulVariant,
  matmulVariants,
  variantName,
} from "./matmul_variants.ts";

/** WGSL that is applied to the sums of a product. */
export interface Epilogue {
  /**
   * Statements that use `value` (a sum), `column` (the sum's column) and `at` (the sum's index in tensors
   * that have the shape of the result). If N is a multiple of 4, values are vectors of four and indices count
   * vectors. `number` is the type of a value, f32 or vec4f.
   */
  readonly lines: readonly string[];
  /** Declarations of WGSL functions on `number` that the statements call. */
  readonly functions?: string;
}

const storeOnly: Epilogue = { lines: ["out0[at] = value;"] };

/** Options of `matmulKernel`. */
export interface MatmulKernelOptions extends MatmulSizes {
  /** The GPU to write the kernel for. */
  readonly gpu: Gpu;
  /** Epilogue that is applied to the sums; by default the sums are stored in out0. */
  readonly epilogue?: Epilogue;
}

/**
 * Returns the kernel of a call with operands `a = in0` and `b = in1`, in the variant that `gpu.choices` holds
 * for the call, else in the preferred variant.
 */
export function matmulKernel(
  call: Call,
  { gpu, epilogue = storeOnly, ...sizes }: MatmulKernelOptions,
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
    unroll: gpu.software ? STEPS : DEPTH, // software adapters take seconds to compile what is written out
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
  /** Whether N is a multiple of 4, so that results are handled as vectors of four. */
  readonly fours: boolean;
  readonly nativeHalf: boolean;
  readonly unroll: number;
}

/** Returns the number of elements of the result, counted in vectors of four if `fours` is true. */
function elements({ a, b, fours }: Product): number {
  return a.width * b.width / (fours ? 4 : 1);
}

/** Returns the dispatch that computes sums, each workgroup over its part of K. */
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
${
      from === "slices"
        ? `var<workgroup> sliceSums: array<vec4f, ${rowsInside(product) * across * slices}>;`
        : ""
    }
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
          ? addSlices(product)
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

/** Returns the number of an invocation's rows that lie inside the result. */
function rowsInside({ a, variant }: Product): number {
  return Math.min(a.width, variant.rows);
}

/**
 * Returns WGSL that gives each lane its slice and its columns. Adjacent lanes must read adjacent memory. So
 * they get adjacent slices if `b` is contiguous along the depth, and adjacent columns otherwise.
 */
function sliceLanes({ b, variant: { across, slices = 1 } }: Product): readonly string[] {
  const [x, slice] = b.along === "depth"
    ? [`lane / ${slices}u`, `lane % ${slices}u`]
    : [`lane % ${across}u`, `lane / ${across}u`];
  return [`let x = ${x};`, `let slice = ${slice};`, "let y = 0u;"];
}

/** Adds up the slices of each result in order, one row per invocation. */
function addSlices(product: Product): readonly string[] {
  const { variant } = product, { across, slices = 1 } = variant, rows = rowsInside(product);
  return [
    ...range(rows).map((r) => `sliceSums[(slice * ${across}u + x) * ${rows}u + ${r}u] = sum_${r}_0;`),
    "workgroupBarrier();",
    `for (var r = slice; r < ${rows}u; r += ${slices}u) {`,
    "  var total = vec4f();",
    `  for (var s = 0u; s < ${slices}u; s++) { total += sliceSums[(s * ${across}u + x) * ${rows}u + r]; }`,
    `  epilogue(group.z, row0 + r, ${columnGroup(variant, 0)}, total);`,
    "}",
  ];
}

/**
 * Numbers invocations subgroup by subgroup, so that the four invocations of a quad are adjacent whatever
 * order the driver uses.
 */
const quadLanes = {
  parameters: "@builtin(subgroup_id) subgroup: u32, @builtin(subgroup_size) size: u32, " +
    "@builtin(subgroup_invocation_id) invocation: u32",
  lines: ["let lane = subgroup * size + invocation;", "let quad = lane % 4u;"],
};

/** Returns the dispatch that adds up the parts of K in order and applies the epilogue. */
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

/**
 * Declares bindings and functions. Operands are arrays of their `elementType`; all other tensors are arrays
 * of `number`.
 */
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

/**
 * Returns a function that applies the epilogue to four sums of a row, from column `first` on, if they are
 * inside the result.
 */
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
