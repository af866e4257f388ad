/**
 * The kernels that a matrix product can run as: what can be tried on a GPU, and what is sane untried.
 *
 * @module
 */
import type { Gpu } from "../../core/gpu.ts";

/** A product [M, K] · [K, N] and how its operands lie. */
export interface MatmulSizes {
  readonly m: number;
  readonly n: number;
  readonly k: number;
  /** a is [K, M]. */
  readonly transposeA?: boolean;
  /** b is [N, K]. */
  readonly transposeB?: boolean;
}

/** One kernel of the family. */
export interface MatmulVariant extends MatmulShape {
  /** Parts of K that are summed apart, then added in order: more workgroups where the result has few. */
  readonly parts: number;
}

/** What a workgroup does. */
export interface MatmulShape {
  /**
   * Where operands wait: "registers" reads them from memory as needed; "quads" does so with four invocations
   * sharing what they read of a; "tiles" stages both in workgroup memory. So does "half", as 16-bit floats.
   * "slices" is "registers" with K shared out within the workgroup.
   */
  readonly from: "registers" | "quads" | "tiles" | "half" | "slices";
  /** Results of an invocation, multiples of 4. */
  readonly rows: number;
  readonly columns: number;
  /** Invocations of a workgroup side by side, and one below the other. */
  readonly across: number;
  readonly down: number;
  /**
   * Invocations that share a result's K, taking four steps of it in turn; their sums are added in order.
   * Default 1.
   */
  readonly slices?: number;
}

/** Depth of a staged tile: two of 64 x 16 are 8 KiB of the 16 KiB of workgroup memory that every GPU has. */
export const DEPTH = 16;

/** Its name in caches: "tiles 8x4 by 16x8 in 4". */
export function variantName({ from, rows, columns, across, down, slices, parts }: MatmulVariant): string {
  const sliced = slices === undefined ? "" : `x${slices}`;
  return `${from} ${rows}x${columns} by ${across}x${down}${sliced}${parts > 1 ? ` in ${parts}` : ""}`;
}

/**
 * All that may be tried for a product on a GPU; the first is what runs untried. All round as the GPU says:
 * "half" alone where it is to be 16-bit floats, any other else; so a choice is one of speed.
 */
export function matmulVariants(sizes: MatmulSizes, gpu: Gpu): readonly MatmulVariant[] {
  const able = Object.values(shapes).filter((shape) => fits(shape, gpu, sizes) && isFilled(shape, sizes));
  const tried = able.flatMap((shape) => {
    const parts = partsOf(shape, gpu, sizes);
    return [1, ...(parts > 1 ? [parts] : [])].map((parts) => ({ ...shape, parts }));
  });
  const untried = untriedVariant(sizes, gpu), name = variantName(untried);
  return [untried, ...tried.filter((variant) => variantName(variant) !== name)];
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

/** Workgroups that keep a large GPU busy: two for each of about 50 to 130 cores. */
const BUSY = 96;
/** Steps of K below which a part is not worth the sum that it is added by. */
const LEAST_PART = 128;
/** Rows up to which memory sets the pace: one token of each of a few texts. */
const FEW = 8;
/** More parts would read and write more of the sums than of the operands. */
const MOST_PARTS = 16;

/**
 * Untried: on a GPU, for few rows K in slices, neighbours reading neighbouring memory in either layout of b;
 * else tiles of 64 x 64 where the result has enough of them to keep it busy, else of 32 x 32, and K in parts
 * where those are too few as well. In software (SwiftShader, llvmpipe) as many results an invocation as help
 * both of them: workgroup memory and barriers cost more than they save there, and few workgroups keep few
 * cores busy. 16-bit floats are always staged: rounding is what they are asked for.
 */
function untriedVariant(sizes: MatmulSizes, gpu: Gpu): MatmulVariant {
  const [row, small, large] = gpu.half
    ? [shapes.halfRow, shapes.half32, shapes.half64]
    : [shapes.row, shapes.tiles32, shapes.tiles64];
  if (sizes.m <= FEW && !gpu.software && !gpu.half) {
    const [four, eight] = sizes.transposeB
      ? [shapes.slicesAlong, shapes.slicesAlong8]
      : [shapes.slicesAcross, shapes.slicesAcross8];
    const shape = sizes.m <= 4 ? four : eight;
    if (fits(shape, gpu, sizes)) return { ...shape, parts: partsOf(shape, gpu, sizes) };
  }
  if (sizes.m <= 4) return { ...row, parts: gpu.software ? 1 : partsOf(row, gpu, sizes) };
  if (gpu.software) {
    const [best, other] = gpu.half ? [small, small] : [shapes.quads8, shapes.registers8];
    return { ...(fits(best, gpu, sizes) ? best : other), parts: 1 };
  }
  const many = sizes.m > 32 && sizes.n > 32 && workgroupsOf(large, sizes) >= BUSY;
  if (many && fits(large, gpu, sizes)) return { ...large, parts: 1 };
  return { ...small, parts: partsOf(small, gpu, sizes) };
}

/**
 * More than half of a tile, both ways, lies within the result, or it is of the smallest: others would time
 * the same work and more.
 */
function isFilled({ rows, columns, across, down }: MatmulShape, { m, n }: MatmulSizes): boolean {
  const within = (tile: number, size: number) => tile <= 32 || tile < 2 * size;
  return within(rows * down, m) && within(columns * across, n);
}

function workgroupsOf({ rows, columns, across, down }: MatmulShape, { m, n }: MatmulSizes): number {
  return Math.ceil(m / (rows * down)) * Math.ceil(n / (columns * across));
}

/** The power of two, 1 included, of parts that make a GPU busy. */
function partsOf(shape: MatmulShape, { limits }: Gpu, sizes: MatmulSizes): number {
  const wanted = Math.min(MOST_PARTS, BUSY / workgroupsOf(shape, sizes), sizes.k / LEAST_PART);
  const parts = 2 ** Math.floor(Math.log2(Math.max(1, wanted)));
  return 4 * sizes.m * sizes.n * parts <= limits.maxStorageBufferBindingSize ? parts : 1;
}

function fits(shape: MatmulShape, { limits, features, half = false }: Gpu, sizes: MatmulSizes): boolean {
  const { from, rows, columns, across, down, slices = 1 } = shape;
  const number = from === "half" ? 2 : from === "tiles" ? 4 : 0;
  const bytes = from === "slices"
    ? 16 * rows * across * slices
    : number * DEPTH * (rows * down + columns * across + 8); // 8: a vector more a row of both
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
