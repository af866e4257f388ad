/**
 * The family of WGSL kernels for a matrix product: which variants a GPU can run, and which one a heuristic
 * prefers.
 *
 * @module
 */
import type { Gpu } from "../../core/gpu.ts";

/** Sizes of a product [M, K] · [K, N], and the layout of its operands. */
export interface MatmulSizes {
  /** M, the number of rows of the operand `a`. */
  readonly m: number;
  /** N, the number of columns of the operand `b`. */
  readonly n: number;
  /** Number of terms of each sum, K. */
  readonly k: number;
  /** Whether the operand `a` is [K, M]. */
  readonly transposeA?: boolean;
  /** Whether the operand `b` is [N, K]. */
  readonly transposeB?: boolean;
}

/** A kernel of the family. */
export interface MatmulVariant extends MatmulShape {
  /**
   * Number of parts into which K is divided; the sums of the parts are added in order. With several parts, a
   * small result gets more workgroups.
   */
  readonly parts: number;
}

/** How large a part of the product a workgroup computes, and how it computes it. */
export interface MatmulShape {
  /**
   * How operands reach the multiplications. With "registers", each invocation reads them from memory
   * directly. "quads" is the same, but four invocations share the numbers that they read from operand `a`.
   * "tiles" stages both operands in workgroup memory. "half" is "tiles" with 16-bit floats. "slices" is
   * "registers" with K divided among invocations of the workgroup.
   */
  readonly from: "registers" | "quads" | "tiles" | "half" | "slices";
  /** Number of rows of results per invocation, a multiple of 4. */
  readonly rows: number;
  /** Number of columns of results per invocation, a multiple of 4. */
  readonly columns: number;
  /** Number of invocations of a workgroup along the columns. */
  readonly across: number;
  /** Number of invocations of a workgroup along the rows. */
  readonly down: number;
  /**
   * Number of invocations (slices) among which the K steps of a result are divided: slice `s` handles steps
   * `4·s` … `4·s + 3` of every `4·slices` steps. The sums of the slices are added in order. Default 1.
   */
  readonly slices?: number;
}

/**
 * Depth of a staged tile: two tiles of 64 × 16 take 8 KiB of the 16 KiB of workgroup memory that every GPU
 * has.
 */
export const DEPTH = 16;

/** Returns a variant's name, such as "tiles 8x4 by 16x8 in 4", for caches and reports. */
export function variantName({ from, rows, columns, across, down, slices, parts }: MatmulVariant): string {
  const sliced = slices === undefined ? "" : `x${slices}`;
  return `${from} ${rows}x${columns} by ${across}x${down}${sliced}${parts > 1 ? ` in ${parts}` : ""}`;
}

/**
 * Returns all variants that a GPU can run for a product; the first is the one that runs if none was timed.
 * Either all of them round operands to 16-bit floats (`gpu.half`) or none does, so the choice affects speed
 * and the order of additions only.
 */
export function matmulVariants(sizes: MatmulSizes, gpu: Gpu): readonly MatmulVariant[] {
  const able = Object.values(shapes).filter((shape) => fits(shape, gpu, sizes) && isFilled(shape, sizes));
  const possible = able.flatMap((shape) => {
    const parts = partsOf(shape, gpu, { ...sizes, least: LEAST_PART });
    return [1, ...(parts > 1 ? [parts] : [])].map((parts) => ({ ...shape, parts }));
  });
  const preferred = defaultVariant(sizes, gpu), name = variantName(preferred);
  return [preferred, ...possible.filter((variant) => variantName(variant) !== name)];
}

const shapes = {
  tiles32: { from: "tiles", rows: 4, columns: 4, across: 8, down: 8 },
  tiles64: { from: "tiles", rows: 4, columns: 4, across: 16, down: 16 },
  tiles64Tall: { from: "tiles", rows: 8, columns: 4, across: 16, down: 8 },
  tiles64Few: { from: "tiles", rows: 8, columns: 8, across: 8, down: 8 },
  tiles128: { from: "tiles", rows: 8, columns: 8, across: 8, down: 16 },
  halfRow: { from: "half", rows: 4, columns: 4, across: 64, down: 1 },
  half32: { from: "half", rows: 4, columns: 4, across: 8, down: 8 },
  half64: { from: "half", rows: 8, columns: 4, across: 16, down: 8 },
  half128: { from: "half", rows: 8, columns: 8, across: 16, down: 16 },
  row: { from: "registers", rows: 4, columns: 4, across: 64, down: 1 },
  registers4: { from: "registers", rows: 4, columns: 4, across: 8, down: 8 },
  registers8: { from: "registers", rows: 8, columns: 8, across: 8, down: 8 },
  registers16: { from: "registers", rows: 8, columns: 16, across: 4, down: 4 },
  slicesAcross: { from: "slices", rows: 4, columns: 4, across: 16, down: 1, slices: 8 },
  slicesAcross8: { from: "slices", rows: 8, columns: 4, across: 16, down: 1, slices: 8 },
  slicesAlong: { from: "slices", rows: 4, columns: 4, across: 2, down: 1, slices: 32 },
  slicesAlong8: { from: "slices", rows: 8, columns: 4, across: 2, down: 1, slices: 32 },
  quads4: { from: "quads", rows: 4, columns: 4, across: 8, down: 8 },
  quads8: { from: "quads", rows: 8, columns: 8, across: 8, down: 8 },
  quads16: { from: "quads", rows: 16, columns: 8, across: 4, down: 4 },
} satisfies Record<string, MatmulShape>;

/** Number of workgroups that keeps a large GPU busy: about four for each of 130 cores. */
const BUSY = 512;
/** Number of workgroups of 64 × 64 results that justifies tiles of that size, which need fewer loads. */
const LARGE = 96;
/**
 * Number of workgroups that a product of few rows is divided into: one for each core, since it is limited by
 * memory bandwidth.
 */
const BUSY_ROWS = 96;
/** Fewest terms per part of K that are timed; with fewer, adding up the parts costs more than it saves. */
const LEAST_PART = 128;
/** Fewest terms per part of K unless timing shows that shorter parts are faster. */
const LONG_PART = 512;
/**
 * Up to this number of rows, memory bandwidth limits the speed, as it does when a few texts are extended by
 * one token each.
 */
const FEW = 8;
/**
 * Largest number of parts of K; with more parts, the partial sums would move more bytes than the operands.
 */
const MOST_PARTS = 16;

/**
 * Returns the variant that a heuristic prefers.
 *
 * On a GPU, a product of few rows divides K into slices so that adjacent invocations read adjacent memory in
 * either layout of `b`. Other products use tiles of 64 × 64, with 8 × 4 results per invocation, if the result
 * has enough of them, else tiles of 32 × 32. If these are too few to keep a large GPU busy, and K is long, K
 * is divided into parts.
 *
 * On a software adapter (SwiftShader or llvmpipe), each invocation computes the largest number of results
 * that still speeds up both of these adapters. Workgroup memory and barriers would cost more time than they
 * save, and a few workgroups keep the few cores busy. 16-bit floats are always staged, because operands are
 * rounded during staging.
 */
function defaultVariant(sizes: MatmulSizes, gpu: Gpu): MatmulVariant {
  const [row, small, large] = gpu.half
    ? [shapes.halfRow, shapes.half32, shapes.half64]
    : [shapes.row, shapes.tiles32, shapes.tiles64Tall];
  const rowParts = (shape: MatmulShape) =>
    partsOf(shape, gpu, { ...sizes, least: LEAST_PART, busy: BUSY_ROWS });
  if (sizes.m <= FEW && !gpu.software && !gpu.half) {
    const [four, eight] = sizes.transposeB
      ? [shapes.slicesAlong, shapes.slicesAlong8]
      : [shapes.slicesAcross, shapes.slicesAcross8];
    const shape = sizes.m <= 4 ? four : eight;
    if (fits(shape, gpu, sizes)) return { ...shape, parts: rowParts(shape) };
  }
  if (sizes.m <= 4) return { ...row, parts: gpu.software ? 1 : rowParts(row) };
  if (gpu.software) {
    const [best, other] = gpu.half ? [small, small] : [shapes.quads8, shapes.registers8];
    return { ...(fits(best, gpu, sizes) ? best : other), parts: 1 };
  }
  const many = sizes.m > 32 && sizes.n > 32 && workgroupsOf(large, sizes) >= LARGE;
  const shape = many && fits(large, gpu, sizes) ? large : small;
  return { ...shape, parts: partsOf(shape, gpu, { ...sizes, least: LONG_PART }) };
}

/**
 * Returns whether the tile is of the smallest size, or more than half of it is inside the result in both
 * directions. Tuning skips all other tiles, because they do the same work and more.
 */
function isFilled({ rows, columns, across, down }: MatmulShape, { m, n }: MatmulSizes): boolean {
  const within = (tile: number, size: number) => tile <= 32 || tile < 2 * size;
  return within(rows * down, m) && within(columns * across, n);
}

function workgroupsOf({ rows, columns, across, down }: MatmulShape, { m, n }: MatmulSizes): number {
  return Math.ceil(m / (rows * down)) * Math.ceil(n / (columns * across));
}

/**
 * Returns the number of parts into which K is divided to reach `busy` workgroups, a power of two; a part has
 * at least `least` terms.
 */
function partsOf(
  shape: MatmulShape,
  { limits }: Gpu,
  { busy = BUSY, least, ...sizes }: MatmulSizes & { readonly busy?: number; readonly least: number },
): number {
  const wanted = Math.ceil(Math.log2(busy / workgroupsOf(shape, sizes)));
  const most = Math.floor(Math.log2(Math.min(MOST_PARTS, sizes.k / least)));
  const parts = 2 ** Math.max(0, Math.min(wanted, most));
  return 4 * sizes.m * sizes.n * parts <= limits.maxStorageBufferBindingSize ? parts : 1;
}

function fits(shape: MatmulShape, { limits, features, half = false }: Gpu, sizes: MatmulSizes): boolean {
  const { from, rows, columns, across, down, slices = 1 } = shape;
  const number = from === "half" ? 2 : from === "tiles" ? 4 : 0;
  const bytes = from === "slices"
    ? 16 * rows * across * slices
    : number * DEPTH * (rows * down + columns * across + 8); // 8: padding of one vector per row in both tiles
  const most = limits.maxComputeWorkgroupsPerDimension;
  const invocations = across * down * slices;
  return invocations <= limits.maxComputeInvocationsPerWorkgroup &&
    invocations <= limits.maxComputeWorkgroupSizeX &&
    bytes <= limits.maxComputeWorkgroupStorageSize &&
    sizes.m <= most * rows * down && sizes.n <= most * columns * across &&
    (from === "half") === half &&
    (from !== "slices" || (sizes.m <= FEW && (rows === 4) === (sizes.m <= 4))) &&
    (from !== "quads" || (features.has("subgroups") && (sizes.transposeA ? sizes.m : sizes.k) % 4 === 0));
}
