/**
 * WGSL of tiles of attention, in the manner of Dao 2023, "FlashAttention-2". A workgroup of 64 invocations
 * computes some rows of queries, or of keys, its own; it visits the rows of the other kind one tile at a
 * time. Each invocation computes four scores at a time, of four of the workgroup's rows with one of the
 * other rows; the weights that follow from them are staged in workgroup memory, and then each invocation adds
 * up four rows of the result in some of the columns.
 *
 * Rows are staged in workgroup memory in vectors of four. Heads that are too wide for that are read from
 * storage buffers.
 *
 * @module
 */
import type { Gpu } from "../../core/gpu.ts";
import type { AttentionSizes } from "./attention_sizes.ts";

/** Number of invocations per workgroup. */
export const LANES = 64;

/** Rows in a storage buffer. */
export interface Matrix {
  /** Name of the binding. */
  readonly binding: string;
  /** Expression for the index of the first element of row 0. */
  readonly start: string;
  /** Number of elements from one row to the next. */
  readonly stride: number;
}

/** A product of the weights of a tile with the other rows, to be summed over all tiles. */
export interface Product {
  /** Index of the array of weights. */
  readonly weights: number;
  /** Index of the matrix of other rows. */
  readonly of: number;
}

/** What a kernel stages and computes. */
export interface TilePlan {
  /** The workgroup's own rows; scores `m` are dot products of own matrix `m` with other matrix `m`. */
  readonly own: readonly Matrix[];
  /** The rows that the workgroup visits. */
  readonly others: readonly Matrix[];
  /** The products whose sums are the results. */
  readonly products: readonly Product[];
}

/** Sizes of a tile. */
export interface Tile {
  /** Number of rows of the workgroup: four for each group of invocations. */
  readonly rows: number;
  /** Number of other rows per tile. */
  readonly others: number;
  /** Number of groups of invocations. Row `r` belongs to group `r % groups`. */
  readonly groups: number;
  /** Number of invocations per group. */
  readonly across: number;
  /** Whether rows are staged in workgroup memory. */
  readonly staged: boolean;
}

/** Sizes of a call, and the properties of the GPU that matter to attention. */
export type KernelSizes = AttentionSizes & Pick<Gpu, "limits" | "software">;

/**
 * Returns the largest tile whose memory is available, in which an invocation adds up at most two vectors of
 * each row and matrix. Tiles of 32 keys by 16 queries of 64 channels take 31 KB of workgroup memory.
 */
export function tileOf({ width, limits }: KernelSizes, plan: TilePlan): Tile {
  const quads = quadsOf(width), least = Math.min(LANES, Math.max(8, 2 ** Math.ceil(Math.log2(quads / 2))));
  const shape = (across: number, others: number, staged: boolean): Tile => {
    const groups = LANES / across;
    return { rows: 4 * groups, others, groups, across, staged };
  };
  const bytes = ({ rows, others, groups }: Tile) =>
    16 * (quads + 1) * (plan.own.length * rows + plan.others.length * others) +
    16 * plan.products.length * others * (groups + 1) + 16 * LANES + rows * others;
  const tiles = [least, Math.min(LANES, 2 * least)].flatMap((across) =>
    [16, 8].map((others) => shape(across, others, true))
  );
  const fitting = tiles.filter((tile) =>
    bytes(tile) <= limits.maxComputeWorkgroupStorageSize && 2 * tile.others >= tile.across
  );
  const work = ({ rows, others }: Tile) => rows * others;
  return fitting.sort((a, b) => work(b) - work(a))[0] ?? shape(least, Math.max(16, least), false);
}

/** Returns the number of vectors of four that hold a row of `width` numbers. */
export function quadsOf(width: number): number {
  return Math.ceil(width / 4);
}

/** Returns an array of the whole numbers below `n`. */
export function range(n: number): readonly number[] {
  return Array.from({ length: n }, (_, i) => i);
}

/** The WGSL of a kernel's tiles. */
export interface TileCode {
  /** Declarations of workgroup memory. */
  readonly declarations: string;
  /** Number of other rows whose scores an invocation computes. */
  readonly scores: number;
  /**
   * Statements at the start: `part` is the group of the invocation, `place` its place in the group, `own` the
   * positions of the group's four rows, and `sum_P_I_K` the sums of product P, row I and column K.
   */
  readonly begin: string;
  /** Statements that stage the other rows from position `first` on. */
  readonly stageOthers: string;
  /** Statements that compute `dot_M_K`: four dot products in matrix M with the invocation's row K. */
  readonly dots: string;
  /** Statements that add the products of a tile's weights to the sums. */
  readonly addProducts: string;
  /** Returns an expression for the place in the tile of the invocation's K-th other row. */
  other(k: number): string;
  /** Returns an expression for the places in the tile of the group's four rows. */
  readonly places: readonly string[];
  /** Returns a statement that stores four weights for the invocation's K-th other row. */
  setWeights(array: number, k: number, value: string): string;
  /** Returns statements that multiply the sums of row I by an expression. */
  scaleSums(factor: (row: number) => string): string;
  /** Returns statements that store the sums of a product, times `factor`, in rows of a matrix. */
  store(product: number, to: Matrix, factor: (row: number) => string): string;
}

/** Returns the WGSL of tiles. The kernel defines `row0`, the position of the workgroup's first row. */
export function tileCode(sizes: KernelSizes, plan: TilePlan, tile: Tile): TileCode {
  const { time, width } = sizes, { rows, others, groups, across, staged } = tile;
  const quads = quadsOf(width), scores = Math.max(1, others / across);
  // Loops over a tile are unrolled in the text: an index that does not change in the loop is clamped to the
  // size of its array once, before the loop. Software adapters would take seconds to compile that.
  const unroll = staged && !sizes.software ? 8 : 1;
  const columns = range(Math.ceil(quads / across)), sums = plan.products.map((_, p) => p);
  const column = (k: number) =>
    (k + 1) * across <= quads ? `place + ${k * across}u` : `min(place + ${k * across}u, ${quads - 1}u)`;
  const read = (m: Matrix, row: string, quad: string) =>
    readQuad(m, { row: `min(${row}, ${time - 1}u)`, quad, width });
  const places = range(4).map((i) => i === 0 ? "part" : `part + ${i * groups}u`);
  const other = (k: number) =>
    others < across ? `min(place, ${others - 1}u)` : k === 0 ? "place" : `place + ${k * across}u`;
  const cell = (kind: "own" | "others", m: number, { row, quad }: { row: string; quad: string }) =>
    staged
      ? `${kind}${m}[${row}][${quad}]`
      : read(plan[kind][m], `${kind === "own" ? "row0" : "first"} + ${row}`, quad);

  const stage = (kind: "own" | "others") => {
    if (!staged) return "";
    const count = (kind === "own" ? rows : others) * quads, first = kind === "own" ? "row0" : "first";
    const copy = plan[kind].map((m, at) => {
      return `${kind}${at}[row][quad] = ${read(m, `${first} + row`, "quad")};`;
    });
    return `for (var i = lane; i < ${count}u; i += ${LANES}u) {
      let row = i / ${quads}u;
      let quad = i % ${quads}u;
      ${copy.join("\n      ")}
    }`;
  };

  const piece = divisor(quads, unroll);
  const dotLines = (m: number) =>
    range(piece).flatMap((step) => {
      const quad = piece === quads ? `${step}u` : `depth + ${step}u`;
      return [
        "{",
        ...range(4).map((i) => `  let a${i} = ${cell("own", m, { row: places[i], quad })};`),
        ...range(scores).flatMap((k) => [
          `  let b${k} = ${cell("others", m, { row: other(k), quad })};`,
          ...range(4).map((i) => `  d${k}_${i} = dotAdd(a${i}, b${k}, d${k}_${i});`),
        ]),
        "}",
      ];
    });
  const dots = plan.own.flatMap((_, m) => [
    ...range(scores).map((k) => `var dot_${m}_${k}: vec4f;`),
    "{",
    ...range(scores).flatMap((k) => range(4).map((i) => `  var d${k}_${i} = 0.0;`)),
    ...(piece === quads
      ? dotLines(m)
      : [`for (var depth = 0u; depth < ${quads}u; depth += ${piece}u) {`, ...dotLines(m), "}"]),
    ...range(scores).map((k) => `  dot_${m}_${k} = vec4f(${range(4).map((i) => `d${k}_${i}`).join(", ")});`),
    "}",
  ]);

  const steps = divisor(others, unroll);
  const products = range(steps).flatMap((step) => {
    const row = steps === others ? `${step}u` : `other + ${step}u`;
    return plan.products.flatMap(({ weights, of }, p) => [
      "{",
      `  let w = weights${weights}[${row}][part];`,
      ...columns.flatMap((k) => [
        `  let b${k} = ${cell("others", of, { row, quad: column(k) })};`,
        ...range(4).map((i) => `  sum_${p}_${i}_${k} = fma(vec4f(w[${i}]), b${k}, sum_${p}_${i}_${k});`),
      ]),
      "}",
    ]);
  });

  const each = (line: (p: number, i: number, k: number) => string) =>
    sums.flatMap((p) => range(4).flatMap((i) => columns.map((k) => line(p, i, k)))).join("\n  ");
  const array = (kind: "own" | "others", m: number) =>
    `var<workgroup> ${kind}${m}: array<array<vec4f, ${quads + 1}>, ${kind === "own" ? rows : others}>;`;
  const arrays = new Set(plan.products.map(({ weights }) => weights));
  return {
    scores,
    places,
    other,
    declarations: [
      ...(staged ? plan.own.map((_, m) => array("own", m)) : []),
      ...(staged ? plan.others.map((_, m) => array("others", m)) : []),
      ...[...arrays].map((w) => `var<workgroup> weights${w}: array<array<vec4f, ${groups + 1}>, ${others}>;`),
      `fn dotAdd(a: vec4f, b: vec4f, sum: f32) -> f32 {
  return fma(a.w, b.w, fma(a.z, b.z, fma(a.y, b.y, fma(a.x, b.x, sum))));
}`,
    ].join("\n"),
    begin: `let part = lane / ${across}u;
  let place = lane % ${across}u;
  let own = vec4u(row0 + part) + vec4u(0u, ${groups}u, ${2 * groups}u, ${3 * groups}u);
  ${each((p, i, k) => `var sum_${p}_${i}_${k} = vec4f();`)}
  ${stage("own")}`,
    stageOthers: stage("others"),
    dots: dots.join("\n    "),
    addProducts:
      (steps === others
        ? products
        : [`for (var other = 0u; other < ${others}u; other += ${steps}u) {`, ...products, "}"]).join(
          "\n    ",
        ),
    setWeights: (array, k, value) => {
      const set = `weights${array}[${other(k)}][part] = ${value};`;
      return others < across ? `if (place < ${others}u) { ${set} }` : set;
    },
    scaleSums: (factor) => each((p, i, k) => `sum_${p}_${i}_${k} *= ${factor(i)};`),
    store: (p, to, factor) =>
      range(4).map((i) =>
        `if (own[${i}] < ${time}u) {
    ${
          columns.map((k) => {
            const value = `(sum_${p}_${i}_${k} * ${factor(i)})`;
            const set = storeQuad(to, { row: `own[${i}]`, quad: `place + ${k * across}u`, width, value });
            return (k + 1) * across <= quads ? set : `if (place + ${k * across}u < ${quads}u) { ${set} }`;
          }).join("\n    ")
        }
  }`
      ).join("\n  "),
  };
}

/** Returns the largest divisor of `n` that is at most `most`. */
function divisor(n: number, most: number): number {
  return range(Math.min(most, n) + 1).findLast((d) => d > 0 && n % d === 0)!;
}

/** Returns whether rows of heads are read and written in vectors of four. */
export function isAligned(width: number): boolean {
  return width % 4 === 0;
}

/** Returns an expression for four numbers of a row; those past the row's `width` are zeros. */
function readQuad(
  { binding, start, stride }: Matrix,
  { row, quad, width }: { readonly row: string; readonly quad: string; readonly width: number },
): string {
  if (isAligned(width)) return `${binding}[(${start} + ${row} * ${stride}u) / 4u + ${quad}]`;
  const at = `${start} + ${row} * ${stride}u + 4u * (${quad})`;
  const numbers = range(4).map((c) =>
    `select(0.0, ${binding}[${at} + ${c}u], 4u * (${quad}) + ${c}u < ${width}u)`
  );
  return `vec4f(${numbers.join(", ")})`;
}

/** Returns statements that store four numbers of a row, except those past the row's `width`. */
function storeQuad(
  { binding, start, stride }: Matrix,
  { row, quad, width, value }: {
    readonly row: string;
    readonly quad: string;
    readonly width: number;
    readonly value: string;
  },
): string {
  if (isAligned(width)) return `${binding}[(${start} + ${row} * ${stride}u) / 4u + ${quad}] = ${value};`;
  return range(4).map((c) =>
    `if (4u * (${quad}) + ${c}u < ${width}u) { ${binding}[${start} + ${row} * ${stride}u + 4u * (${quad}) + ${c}u] = ${value}[${c}]; }`
  ).join(" ");
}
