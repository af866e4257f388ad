/**
 * WGSL of what an invocation of a matrix product does: sums of its results' terms, in registers. Two ways:
 * operands read from memory as they are needed, or staged by the workgroup in memory of its own.
 *
 * A sum is a vec4f named `sum_ROW_GROUP`: results of four neighbouring columns. Groups of four, of rows as of
 * columns, stand a workgroup's width apart, so that neighbouring invocations read and write neighbouring
 * memory.
 *
 * @module
 */
import { groupAddresses, loadGroups, loadPiece, type Operand, STEPS } from "./matmul_operand.ts";
import { DEPTH, type MatmulVariant } from "./matmul_variants.ts";

/** A product's operands and the kernel to make. */
export interface BodyOptions {
  readonly a: Operand;
  readonly b: Operand;
  readonly variant: MatmulVariant;
  /** WGSL has f16 here: else 16-bit tiles hold pairs of them in a u32. */
  readonly nativeHalf: boolean;
}

/**
 * The text before `main`, and that of the loop in it, which sees `row0`, `column0`, `x`, `y`, `lane`, `first`
 * and `end`, with slices also `slice`.
 */
export interface BodyText {
  readonly declarations: readonly string[];
  readonly lines: readonly string[];
}

/** Where group `group` of an invocation's rows, or columns, begins. */
export function rowGroup({ down }: MatmulVariant, group: number): string {
  return `row0 + (y + ${group * down}u) * 4u`;
}

/** As `rowGroup`, of columns. */
export function columnGroup({ across }: MatmulVariant, group: number): string {
  return `column0 + (x + ${group * across}u) * 4u`;
}

/** 0 … count - 1. */
export function range(count: number): readonly number[] {
  return Array.from({ length: count }, (_, i) => i);
}

/**
 * Operands read from memory, four steps of the depth at once; what is left of the depth after the loop. With
 * slices each takes every so manieth four steps.
 */
export function registerBody({ a, b, variant }: BodyOptions): BodyText {
  const rows = range(variant.rows / 4), columns = range(variant.columns / 4);
  const shared = variant.from === "quads";
  const steps = (count: number): readonly string[] => {
    const left = loadGroups(a, { groups: rows.length, steps: count, shared });
    const right = loadGroups(b, { groups: columns.length, steps: count });
    return [
      ...left.lines,
      ...right.lines,
      ...range(count).flatMap((step) => multiply(left, right, { variant, step })),
    ];
  };
  const rest = a.depth % STEPS, { slices } = variant;
  return {
    declarations: [],
    lines: [
      ...groupAddresses(a, rows.map((g) => rowGroup(variant, g)), { shared }),
      ...groupAddresses(b, columns.map((g) => columnGroup(variant, g))),
      `let whole = min(end, ${a.depth - rest}u);`,
      slices === undefined
        ? `for (var k = first; k < whole; k += ${STEPS}u) {`
        : `for (var k = first + slice * ${STEPS}u; k < whole; k += ${STEPS * slices}u) {`,
      ...steps(STEPS).map((line) => `  ${line}`),
      "}",
      ...(rest === 0 ? [] : [
        `if (end == ${a.depth}u${slices === undefined ? "" : " && slice == 0u"}) {`,
        `  let k = ${a.depth - rest}u;`,
        ...steps(rest).map((line) => `  ${line}`),
        "}",
      ]),
    ],
  };
}

/** Operands staged as [depth][width], in vectors along the width, a workgroup's tile of DEPTH at a time. */
export function tileBody({ a, b, variant, nativeHalf }: BodyOptions): BodyText {
  const rows = range(variant.rows / 4), columns = range(variant.columns / 4);
  const cell = variant.from === "half" ? halfCell(nativeHalf) : floatCell;
  const height = variant.rows * variant.down / 4, width = variant.columns * variant.across / 4; // in vectors
  // A vector more a row where it is written across rows: else those writes meet in one bank of memory.
  const strides = { a: height + (a.along === "depth" ? 1 : 0), b: width + (b.along === "depth" ? 1 : 0) };
  const tile = { cell, invocations: variant.across * variant.down };
  return {
    declarations: [
      ...cell.functions,
      `var<workgroup> tileA: array<${cell.type}, ${DEPTH * strides.a}>;`,
      `var<workgroup> tileB: array<${cell.type}, ${DEPTH * strides.b}>;`,
    ],
    lines: [
      `for (var depth0 = first; depth0 < end; depth0 += ${DEPTH}u) {`,
      ...stage(a, { ...tile, to: "tileA", start: "row0", vectors: height, stride: strides.a }),
      ...stage(b, { ...tile, to: "tileB", start: "column0", vectors: width, stride: strides.b }),
      "  workgroupBarrier();",
      `  for (var deep = 0u; deep < ${DEPTH}u; deep += ${STEPS}u) {`,
      ...range(STEPS).flatMap((step) => [
        "    {",
        ...rows.map((g) => {
          const at = `(deep + ${step}u) * ${strides.a}u + y + ${g * variant.down}u`;
          return `      let a_${g} = ${cell.read(`tileA[${at}]`)};`;
        }),
        ...columns.map((g) => {
          const at = `(deep + ${step}u) * ${strides.b}u + x + ${g * variant.across}u`;
          return `      let b_${g} = ${cell.read(`tileB[${at}]`)};`;
        }),
        ...multiply({ element: (g, lane) => `a_${g}[${lane}]` }, { vector: (g) => `b_${g}` }, {
          variant,
          step,
        }),
        "    }",
      ]),
      "  }",
      "  workgroupBarrier();",
      "}",
    ],
  };
}

/** Four numbers in a tile. */
interface Cell {
  readonly type: string;
  /** WGSL that `write` and `read` call. */
  readonly functions: readonly string[];
  /** A cell of a vec4f, and back. */
  write(vector: string): string;
  read(cell: string): string;
}

const floatCell: Cell = { type: "vec4f", functions: [], write: (v) => v, read: (c) => c };

/**
 * Numbers rounded to 16-bit floats: f16 where WGSL has them, else in pairs by pack2x16float, which every GPU
 * has. Beyond 65504, the largest, the first would be infinite on some GPUs and the second anything at all:
 * both stop there.
 */
function halfCell(native: boolean): Cell {
  const [type, to, from] = native ? ["vec4<f16>", "vec4<f16>(most)", "vec4f(cell)"] : [
    "vec2u",
    "vec2u(pack2x16float(most.xy), pack2x16float(most.zw))",
    "vec4f(unpack2x16float(cell.x), unpack2x16float(cell.y))",
  ];
  return {
    type,
    functions: [
      `fn toHalf(numbers: vec4f) -> ${type} {`,
      "  let most = clamp(numbers, vec4f(-65504.0), vec4f(65504.0));",
      `  return ${to};`,
      "}",
      `fn fromHalf(cell: ${type}) -> vec4f { return ${from}; }`,
    ],
    write: (vector) => `toHalf(${vector})`,
    read: (cell) => `fromHalf(${cell})`,
  };
}

/**
 * Copies a tile of an operand; zeros beyond its edges. Along the depth an invocation turns four pieces of
 * four: a cell is written whole by one of them, for WGSL lets a write to one component touch the others.
 */
function stage(
  operand: Operand,
  { to, start, vectors, stride, cell, invocations }: {
    readonly to: string;
    readonly start: string;
    readonly vectors: number;
    readonly stride: number;
    readonly cell: Cell;
    readonly invocations: number;
  },
): readonly string[] {
  const deep = DEPTH / (operand.along === "width" ? 1 : 4), count = vectors * deep;
  const piece = (wide: string) =>
    loadPiece(operand, { wide: `(${start} + ${wide})`, deep: "(depth0 + deep)", end: "end" });
  const copy = operand.along === "width" ? [`${to}[at] = ${cell.write(piece("wide"))};`] : [
    ...range(4).map((i) => `let piece_${i} = ${piece(`wide + ${i}u`)};`),
    ...range(4).map((s) => {
      const turned = `vec4f(${range(4).map((i) => `piece_${i}[${s}]`).join(", ")})`;
      return `${to}[at + ${s * stride}u] = ${cell.write(turned)};`;
    }),
  ];
  const lines: string[] = [];
  for (let begin = 0; begin < count; begin += invocations) {
    const at = `(lane + ${begin}u)`;
    const [wide, depth] = operand.along === "width"
      ? [`${at} % ${vectors}u`, `${at} / ${vectors}u`]
      : [`${at} / ${deep}u`, `${at} % ${deep}u * 4u`];
    lines.push(
      begin + invocations > count ? `  if (lane < ${count - begin}u) {` : "  {",
      `    let wide = ${wide} * 4u;`,
      `    let deep = ${depth};`,
      `    let at = deep * ${stride}u + wide / 4u;`,
      ...copy.map((line) => `    ${line}`),
      "  }",
    );
  }
  return lines;
}

/** One step of the depth: every sum plus its row's number times its columns' four. */
function multiply(
  a: { element(group: number, lane: number, step: number): string },
  b: { vector(group: number, step: number): string },
  { variant, step }: { variant: MatmulVariant; step: number },
): readonly string[] {
  const columns = range(variant.columns / 4);
  return [
    "{",
    ...columns.map((c) => `  let right_${c} = ${b.vector(c, step)};`),
    ...range(variant.rows).flatMap((row) => {
      const left = a.element(row >> 2, row & 3, step);
      return columns.map((c) => `  sum_${row}_${c} = fma(vec4f(${left}), right_${c}, sum_${row}_${c});`);
    }),
    "}",
  ];
}
