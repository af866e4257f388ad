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
  /**
   * Number of invocations that share a score: each computes a part of the dot product. It is more than 1 if
   * the tile has fewer other rows than a group has invocations.
   */
  readonly split: number;
  /** Number of vectors in a piece of a staged row. */
  readonly piece: number;
}

/** Sizes of a call, and the properties of the GPU that matter to attention. */
export type KernelSizes = AttentionSizes & Pick<Gpu, "limits" | "software">;

/** Number of steps of a loop that are written out. */
const UNROLL = 8;
/** Most invocations that share a score; all of them compute its weight. */
const MOST_SHARING = 8;

/**
 * Returns the largest tile whose memory is available, in which an invocation adds up at most two vectors of
 * each row and matrix. Tiles of 32 keys by 16 queries of 64 channels take 32 KB of workgroup memory.
 */
export function tileOf({ width, limits }: KernelSizes, plan: TilePlan): Tile {
  const quads = quadsOf(width), least = Math.min(LANES, Math.max(8, 2 ** Math.ceil(Math.log2(quads / 2))));
  const shape = (across: number, others: number, staged: boolean): Tile => {
    const groups = LANES / across, sharing = across / others;
    const split = staged && sharing > 1 && sharing <= MOST_SHARING && quads % sharing === 0 ? sharing : 1;
    return { rows: 4 * groups, others, groups, across, staged, split, piece: divisor(quads / split, UNROLL) };
  };
  const bytes = (tile: Tile) => {
    const { rows, others, groups, across, split } = tile, row = quads / tile.piece * paddedPiece(tile);
    const parts = split === 1 ? 0 : plan.own.length * groups * (across + 1);
    const weights = plan.products.length * others * (groups + 1);
    const maximum = plan.own.length === 1 ? LANES + groups : 0; // of the forward pass
    return 16 *
        (row * (plan.own.length * stagedRows(tile) + plan.others.length * others) + parts + weights +
          maximum) +
      rows * others; // the mask of dropout
  };
  const tiles = [least, Math.min(LANES, 2 * least)].flatMap((across) =>
    [16, 8, 4].map((others) => shape(across, others, true))
  );
  const fitting = tiles.filter((tile) =>
    bytes(tile) <= limits.maxComputeWorkgroupStorageSize &&
    (tile.split > 1 || tile.others >= tile.across || 2 * tile.others === tile.across)
  );
  const work = ({ rows, others }: Tile) => rows * others;
  return fitting.sort((a, b) => work(b) - work(a))[0] ?? shape(least, Math.max(16, least), false);
}

/** Number of vectors from one row's piece to the next: odd, so that rows lie in different banks of memory. */
function paddedPiece({ piece }: Tile): number {
  return piece + 1 - piece % 2;
}

/**
 * Number of own rows in a staged piece: one more if invocations that share a score read pieces of one row, so
 * that these lie in different banks.
 */
function stagedRows({ rows, split }: Tile): number {
  return split > 1 ? rows + 1 : rows;
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

/**
 * Returns the WGSL of tiles. The kernel defines `row0`, the position of the workgroup's first row.
 *
 * WGSL clamps each index of an array to its size. So staged rows are divided into pieces, and other rows into
 * blocks, whose steps are written out: the index in a piece or block is then a constant or does not change,
 * and that of the piece or block is clamped once for all of its steps.
 */
export function tileCode(sizes: KernelSizes, plan: TilePlan, tile: Tile): TileCode {
  const { time, width } = sizes, { rows, others, groups, across, staged, split } = tile;
  const quads = quadsOf(width),
    scores = Math.max(1, others / across),
    isIdle = split === 1 && others < across;
  // Software adapters would take seconds to compile loops that are written out.
  const unroll = staged && !sizes.software, piece = staged ? tile.piece : 1, block = divisor(others, UNROLL);
  const columns = range(Math.ceil(quads / across)), sums = plan.products.map((_, p) => p);
  const column = (k: number) =>
    (k + 1) * across <= quads
      ? sumOf("place", k * across)
      : `min(${sumOf("place", k * across)}, ${quads - 1}u)`;
  const read = (m: Matrix, row: string, quad: string) =>
    readQuad(m, { row: `min(${row}, ${time - 1}u)`, quad, width });
  const places = range(4).map((i) => sumOf("part", i * groups));
  const other = (k: number) =>
    split > 1 ? `place % ${others}u` : isIdle ? `min(place, ${others - 1}u)` : sumOf("place", k * across);
  const ownCell = (m: number, { row, quad }: { readonly row: string; readonly quad: Place }) =>
    staged ? `own${m}[${quad.block}][${row}][${quad.step}]` : read(plan.own[m], `row0 + ${row}`, quad.step);
  const otherCell = (m: number, { row, quad }: { readonly row: Place; readonly quad: Place }) =>
    staged
      ? `others${m}[${quad.block}][${row.block}][${row.step}][${quad.step}]`
      : read(plan.others[m], `first + ${row.step}`, quad.step);

  const stage = (kind: "own" | "others") => {
    if (!staged) return "";
    const count = (kind === "own" ? rows : others) * quads, first = kind === "own" ? "row0" : "first";
    const quad = placeIn("quad", piece), row = placeIn("row", block);
    const copy = plan[kind].map((m, at) => {
      const cell = kind === "own" ? ownCell(at, { row: "row", quad }) : otherCell(at, { row, quad });
      return `${cell} = ${read(m, `${first} + row`, "quad")};`;
    });
    return `for (var i = lane; i < ${count}u; i += ${LANES}u) {
      let row = i / ${quads}u;
      let quad = i % ${quads}u;
      ${copy.join("\n      ")}
    }`;
  };

  const pieces = quads / piece / split;
  const dotSteps = (m: number, at: string) =>
    stepsOf(piece, unroll, "step").flatMap(([step, lines]) => {
      const quad = staged ? { block: at, step } : { block: "", step: at };
      return lines([
        "{",
        ...range(4).map((i) => `  let a${i} = ${ownCell(m, { row: places[i], quad })};`),
        ...range(scores).flatMap((k) => [
          `  let b${k} = ${
            otherCell(m, { row: staged ? rowPlace(k) : { block: "", step: other(k) }, quad })
          };`,
          ...range(4).map((i) => `  d${k}_${i} = dotAdd(a${i}, b${k}, d${k}_${i});`),
        ]),
        "}",
      ]);
    });
  /** The place of the invocation's K-th other row. */
  const rowPlace = (k: number): Place =>
    split === 1 && !isIdle && across === block ? { block: `${k}u`, step: "place" } : placeIn(other(k), block);
  const dots = plan.own.flatMap((_, m) => [
    ...range(scores).map((k) => `var dot_${m}_${k}: vec4f;`),
    "{",
    ...range(scores).flatMap((k) => range(4).map((i) => `  var d${k}_${i} = 0.0;`)),
    ...(pieces === 1 ? dotSteps(m, split === 1 ? "0u" : `place / ${others}u`) : [
      `for (var turn = 0u; turn < ${pieces}u; turn++) {`,
      ...dotSteps(m, split === 1 ? "turn" : `turn + place / ${others}u * ${pieces}u`),
      "}",
    ]),
    ...range(scores).map((k) => `  dot_${m}_${k} = vec4f(${range(4).map((i) => `d${k}_${i}`).join(", ")});`),
    ...(split === 1 ? [] : [`parts${m}[part][place] = dot_${m}_0;`]),
    "}",
  ]);
  if (split > 1) {
    dots.push("workgroupBarrier();");
    dots.push(...plan.own.map((_, m) => {
      const parts = range(split).map((i) => `parts${m}[part][${sumOf(other(0), i * others)}]`);
      return `dot_${m}_0 = ${parts.join(" + ")};`;
    }));
  }

  const columnPlace = (k: number): Place =>
    !staged
      ? { block: "", step: column(k) }
      : across === piece && (k + 1) * across <= quads
      ? { block: `${k}u`, step: "place" }
      : placeIn(column(k), piece);
  const blocks = others / block;
  const productSteps = stepsOf(block, unroll, "step").flatMap(([step, lines]) =>
    lines(plan.products.flatMap(({ weights, of }, p) => {
      const row = { block: blocks === 1 ? "0u" : "turn", step };
      const at = staged ? row : { block: "", step: blocks === 1 ? step : `turn * ${block}u + ${step}` };
      return [
        "{",
        `  let w = weights${weights}[${row.block}][${row.step}][part];`,
        ...columns.flatMap((k) => [
          `  let b${k} = ${otherCell(of, { row: at, quad: columnPlace(k) })};`,
          ...range(4).map((i) => `  sum_${p}_${i}_${k} = fma(vec4f(w[${i}]), b${k}, sum_${p}_${i}_${k});`),
        ]),
        "}",
      ];
    }))
  );

  const each = (line: (p: number, i: number, k: number) => string) =>
    sums.flatMap((p) => range(4).flatMap((i) => columns.map((k) => line(p, i, k)))).join("\n  ");
  const nested = (...lengths: readonly number[]) =>
    lengths.reduceRight((type, length) => `array<${type}, ${length}>`, "vec4f");
  const padded = paddedPiece(tile), arrays = new Set(plan.products.map(({ weights }) => weights));
  return {
    scores,
    places,
    other,
    declarations: [
      ...(staged
        ? [
          ...plan.own.map((_, m) => `own${m}: ${nested(quads / piece, stagedRows(tile), padded)}`),
          ...plan.others.map((_, m) => `others${m}: ${nested(quads / piece, blocks, block, padded)}`),
        ]
        : []),
      ...[...arrays].map((w) => `weights${w}: ${nested(blocks, block, groups + 1)}`),
      ...(split === 1 ? [] : plan.own.map((_, m) => `parts${m}: ${nested(groups, across + 1)}`)),
    ].map((variable) => `var<workgroup> ${variable};`).concat(
      `fn dotAdd(a: vec4f, b: vec4f, sum: f32) -> f32 {
  return fma(a.w, b.w, fma(a.z, b.z, fma(a.y, b.y, fma(a.x, b.x, sum))));
}`,
    ).join("\n"),
    begin: `let part = lane / ${across}u;
  let place = lane % ${across}u;
  let own = vec4u(row0 + part) + vec4u(0u, ${groups}u, ${2 * groups}u, ${3 * groups}u);
  ${each((p, i, k) => `var sum_${p}_${i}_${k} = vec4f();`)}
  ${stage("own")}`,
    stageOthers: stage("others"),
    dots: dots.join("\n    "),
    addProducts:
      (blocks === 1
        ? productSteps
        : [`for (var turn = 0u; turn < ${blocks}u; turn++) {`, ...productSteps, "}"])
        .join("\n    "),
    setWeights: (array, k, value) => {
      const { block, step } = rowPlace(k), set = `weights${array}[${block}][${step}][part] = ${value};`;
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

/** Expressions for a place in a row of pieces, or in rows of blocks. */
interface Place {
  readonly block: string;
  readonly step: string;
}

function placeIn(at: string, size: number): Place {
  return { block: `(${at}) / ${size}u`, step: `(${at}) % ${size}u` };
}

/** Returns an expression for the sum of an expression and a number. */
function sumOf(expression: string, n: number): string {
  return n === 0 ? expression : `${expression} + ${n}u`;
}

/**
 * Returns `count` steps, written out or as one step of a loop over `name`: an expression for each step, and a
 * function that completes its statements.
 */
function stepsOf(
  count: number,
  unroll: boolean,
  name: string,
): readonly (readonly [string, (lines: readonly string[]) => readonly string[]])[] {
  if (unroll || count === 1) return range(count).map((i) => [`${i}u`, (lines) => lines]);
  return [[name, (lines) => [`for (var ${name} = 0u; ${name} < ${count}u; ${name}++) {`, ...lines, "}"]]];
}

/** Returns the largest divisor of `n` that is at most `most`. */
export function divisor(n: number, most: number): number {
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
