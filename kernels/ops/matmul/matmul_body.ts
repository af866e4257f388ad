/**
 * WGSL of the sums that an invocation of a matrix product computes in registers. Operands are read from
 * memory as they are needed, or staged by the workgroup in its own memory.
 *
 * A sum is a vec4f named `sum_ROW_GROUP`, with the results of four adjacent columns. An invocation computes
 * its rows and columns in groups of four. Between two groups of an invocation lie the groups of the
 * workgroup's other invocations, so that adjacent invocations read and write adjacent memory.
 *
 * @module
 */
import { groupAddresses, loadGroups, loadPiece, type Operand, STEPS } from "./matmul_operand.ts";
import { nanFunctions } from "../../core/wgsl.ts";
import { DEPTH, type MatmulVariant } from "./matmul_variants.ts";

/** The operands of a product, and the variant to write. */
export interface BodyOptions {
  readonly a: Operand;
  readonly b: Operand;
  readonly variant: MatmulVariant;
  /** Whether WGSL has the type f16; otherwise 16-bit tiles hold pairs of numbers in a u32. */
  readonly nativeHalf: boolean;
  /** Number of depth steps of a staged tile that are written out, a divisor of DEPTH; the rest is a loop. */
  readonly unroll: number;
}

/**
 * WGSL of a body. Its statements can use `row0`, `column0`, `x`, `y`, `lane`, `first` and `end`, and with
 * slices also `slice`.
 */
export interface BodyText {
  /** Declarations at module level. */
  readonly declarations: readonly string[];
  /** Statements of the loop in `main`. */
  readonly lines: readonly string[];
}

/** Returns a WGSL expression for the first row of an invocation's row group with index `group`. */
export function rowGroup({ down }: MatmulVariant, group: number): string {
  return `row0 + (y + ${group * down}u) * 4u`;
}

/** Returns a WGSL expression for the first column of an invocation's column group with index `group`. */
export function columnGroup({ across }: MatmulVariant, group: number): string {
  return `column0 + (x + ${group * across}u) * 4u`;
}

/** Returns the numbers 0 … `count - 1`. */
export function range(count: number): readonly number[] {
  return Array.from({ length: count }, (_, i) => i);
}

/**
 * Returns a body that reads operands directly from memory, four depth steps at a time, and the remaining
 * steps after the loop. With slices, slice `s` handles steps `4·s` … `4·s + 3` of every `4·slices` steps.
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

/**
 * Returns a body that stages operands in workgroup memory as [depth][width], in vectors along the width, one
 * tile of DEPTH steps at a time. WGSL clamps every index to the size of its array. With all steps written
 * out, the index along the depth is a constant and the index along the width does not change, so that nothing
 * but loads and multiply-adds is left to do for each step.
 */
export function tileBody({ a, b, variant, nativeHalf, unroll }: BodyOptions): BodyText {
  const rows = range(variant.rows / 4), columns = range(variant.columns / 4);
  const cell = variant.from === "half" ? halfCell(nativeHalf) : floatCell;
  // Sizes of the tiles in vectors of four.
  const height = variant.rows * variant.down / 4, width = variant.columns * variant.across / 4;
  // If an invocation writes to several rows of the tile, each row is padded by one vector; without padding
  // the writes would hit the same memory bank.
  const strides = { a: height + (a.along === "depth" ? 1 : 0), b: width + (b.along === "depth" ? 1 : 0) };
  const tile = { cell, invocations: variant.across * variant.down };
  const steps = (deep: string) => [
    "    {",
    ...rows.map((g) => `      let a_${g} = ${cell.read(`tileA[${deep}][y + ${g * variant.down}u]`)};`),
    ...columns.map((g) => `      let b_${g} = ${cell.read(`tileB[${deep}][x + ${g * variant.across}u]`)};`),
    ...multiply({ element: (g, lane) => `a_${g}[${lane}]` }, { vector: (g) => `b_${g}` }, {
      variant,
      step: 0,
    }),
    "    }",
  ];
  return {
    declarations: [
      ...cell.functions,
      `var<workgroup> tileA: array<array<${cell.type}, ${strides.a}>, ${DEPTH}>;`,
      `var<workgroup> tileB: array<array<${cell.type}, ${strides.b}>, ${DEPTH}>;`,
    ],
    lines: [
      `for (var depth0 = first; depth0 < end; depth0 += ${DEPTH}u) {`,
      ...stage(a, { ...tile, to: "tileA", start: "row0", vectors: height }),
      ...stage(b, { ...tile, to: "tileB", start: "column0", vectors: width }),
      "  workgroupBarrier();",
      ...(unroll === DEPTH ? range(DEPTH).flatMap((step) => steps(`${step}u`)) : [
        `  for (var deep = 0u; deep < ${DEPTH}u; deep += ${unroll}u) {`,
        ...range(unroll).flatMap((step) => steps(`deep + ${step}u`)),
        "  }",
      ]),
      "  workgroupBarrier();",
      "}",
    ],
  };
}

/** An element of a tile, which holds four numbers. */
interface Cell {
  /** WGSL type. */
  readonly type: string;
  /** Declarations of WGSL functions that `write` and `read` call. */
  readonly functions: readonly string[];
  /** Returns an expression that converts a vec4f to a cell. */
  write(vector: string): string;
  /** Returns an expression that converts a cell to a vec4f. */
  read(cell: string): string;
}

const floatCell: Cell = { type: "vec4f", functions: [], write: (v) => v, read: (c) => c };

/**
 * Returns a cell of numbers rounded to 16-bit floats: as f16 if WGSL has the type, else in pairs packed by
 * pack2x16float, which every GPU has. Numbers are clamped to ±65504, the largest finite values: beyond these,
 * f16 would be infinite on some GPUs and the result of pack2x16float is undefined. NaN stays NaN.
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
      nanFunctions,
      `fn toHalf(numbers: vec4f) -> ${type} {`,
      "  let most = orNan4(clamp(numbers, vec4f(-65504.0), vec4f(65504.0)), numbers);",
      `  return ${to};`,
      "}",
      `fn fromHalf(cell: ${type}) -> vec4f { return ${from}; }`,
    ],
    write: (vector) => `toHalf(${vector})`,
    read: (cell) => `fromHalf(${cell})`,
  };
}

/**
 * Returns WGSL that copies a tile of an operand to workgroup memory, with zeros past the operand's depth. If
 * memory is contiguous along the depth, an invocation transposes four pieces of four numbers. It writes every
 * cell as a whole, because in WGSL a write to one component of a vector may also write the others.
 */
function stage(
  operand: Operand,
  { to, start, vectors, cell, invocations }: {
    readonly to: string;
    readonly start: string;
    readonly vectors: number;
    readonly cell: Cell;
    readonly invocations: number;
  },
): readonly string[] {
  const deep = DEPTH / (operand.along === "width" ? 1 : 4), count = vectors * deep;
  const piece = (wide: string) =>
    loadPiece(operand, { wide: `(${start} + ${wide})`, deep: "(depth0 + deep)", end: "end" });
  const copy = operand.along === "width" ? [`${to}[deep][wide / 4u] = ${cell.write(piece("wide"))};`] : [
    ...range(4).map((i) => `let piece_${i} = ${piece(`wide + ${i}u`)};`),
    ...range(4).map((s) => {
      const column = `vec4f(${range(4).map((i) => `piece_${i}[${s}]`).join(", ")})`;
      return `${to}[deep + ${s}u][wide / 4u] = ${cell.write(column)};`;
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
      ...copy.map((line) => `    ${line}`),
      "  }",
    );
  }
  return lines;
}

/** Returns statements for one step of the depth: `sum[row][col..col+3] += a[row] * b[col..col+3]`. */
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
