/**
 * WGSL of what an invocation of a matrix product does: sums of its results' terms, in registers. Two ways: operands read
 * from memory as they are needed, or staged by the workgroup in memory of its own.
 *
 * A sum is a vec4f named `sum_ROW_GROUP`: results of four neighbouring columns. Groups of four, of rows as of columns,
 * stand a workgroup's width apart, so that neighbouring invocations read and write neighbouring memory.
 *
 * @module
 */
import { loadGroups, loadPiece, type Operand, places, STEPS } from "./matmul_operand.ts";
import { DEPTH, type MatmulVariant } from "./matmul_variants.ts";

/** A product's operands and the kernel to make. */
export interface Body {
  readonly a: Operand;
  readonly b: Operand;
  readonly variant: MatmulVariant;
}

/** The text before `main`, and that of the loop in it, which sees `row0`, `column0`, `x`, `y`, `lane`, `first` and `end`. */
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

/** Operands read from memory, four steps of the depth at once; what is left of the depth after the loop. */
export function registerBody({ a, b, variant }: Body): BodyText {
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
  const rest = a.depth % STEPS;
  return {
    declarations: [],
    lines: [
      ...places(a, rows.map((g) => rowGroup(variant, g)), { shared }),
      ...places(b, columns.map((g) => columnGroup(variant, g))),
      `let whole = min(end, ${a.depth - rest}u);`,
      `for (var k = first; k < whole; k += ${STEPS}u) {`,
      ...steps(STEPS).map((line) => `  ${line}`),
      "}",
      ...(rest === 0 ? [] : [
        `if (end == ${a.depth}u) {`,
        `  let k = ${a.depth - rest}u;`,
        ...steps(rest).map((line) => `  ${line}`),
        "}",
      ]),
    ],
  };
}

/** Operands staged as [depth][width], in vectors along the width, a workgroup's tile of DEPTH at a time. */
export function tileBody({ a, b, variant }: Body): BodyText {
  const rows = range(variant.rows / 4), columns = range(variant.columns / 4);
  const number = variant.from === "half" ? "f16" : "f32";
  const height = variant.rows * variant.down / 4, width = variant.columns * variant.across / 4; // in vectors
  // A vector more a row where it is written across rows: else those writes meet in one bank of memory.
  const strides = { a: height + (a.along === "depth" ? 1 : 0), b: width + (b.along === "depth" ? 1 : 0) };
  const invocations = variant.across * variant.down;
  const read = (name: string, at: string) =>
    variant.from === "half" ? `vec4f(${name}[${at}])` : `${name}[${at}]`;
  const tile = { end: "end", number, invocations };
  return {
    declarations: [
      `var<workgroup> tileA: array<vec4<${number}>, ${DEPTH * strides.a}>;`,
      `var<workgroup> tileB: array<vec4<${number}>, ${DEPTH * strides.b}>;`,
    ],
    lines: [
      `for (var depth0 = first; depth0 < end; depth0 += ${DEPTH}u) {`,
      ...stage(a, { ...tile, to: "tileA", start: "row0", vectors: height, stride: strides.a }),
      ...stage(b, { ...tile, to: "tileB", start: "column0", vectors: width, stride: strides.b }),
      "  workgroupBarrier();",
      `  for (var deep = 0u; deep < ${DEPTH}u; deep += ${STEPS}u) {`,
      ...range(STEPS).flatMap((step) => [
        "    {",
        ...rows.map((g) =>
          `      let a_${g} = ${
            read("tileA", `(deep + ${step}u) * ${strides.a}u + y + ${g * variant.down}u`)
          };`
        ),
        ...columns.map((g) =>
          `      let b_${g} = ${
            read("tileB", `(deep + ${step}u) * ${strides.b}u + x + ${g * variant.across}u`)
          };`
        ),
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

/** Copies a tile of an operand; zeros beyond its edges. */
function stage(
  operand: Operand,
  o: {
    to: string;
    start: string;
    vectors: number;
    stride: number;
    end: string;
    number: string;
    invocations: number;
  },
): readonly string[] {
  const pieces = o.vectors * DEPTH, lines: string[] = [];
  for (let begin = 0; begin < pieces; begin += o.invocations) {
    const some = begin + o.invocations > pieces;
    const at = `(lane + ${begin}u)`;
    const [wide, deep] = operand.along === "width"
      ? [`${at} % ${o.vectors}u * 4u`, `${at} / ${o.vectors}u`]
      : [`${at} / ${DEPTH / 4}u`, `${at} % ${DEPTH / 4}u * 4u`];
    const cell = `deep * ${o.stride}u + wide / 4u`;
    lines.push(
      some ? `  if (lane < ${pieces - begin}u) {` : "  {",
      `    let wide = ${wide};`,
      `    let deep = ${deep};`,
      `    let piece = ${
        loadPiece(operand, { wide: `(${o.start} + wide)`, deep: "(depth0 + deep)", end: o.end })
      };`,
      ...(operand.along === "width"
        ? [`    ${o.to}[${cell}] = vec4<${o.number}>(piece);`]
        : range(4).map((s) =>
          `    ${o.to}[${cell} + ${s * o.stride}u][wide % 4u] = ${o.number}(piece[${s}]);`
        )),
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
