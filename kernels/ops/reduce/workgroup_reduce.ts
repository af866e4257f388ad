/**
 * WGSL functions that combine one value per invocation of a workgroup into a result that all invocations get.
 * Values are combined in a tree that depends only on the workgroup's size, so results do not depend on the
 * adapter's subgroups.
 *
 * @module
 */
import { grid } from "../../core/wgsl.ts";

/** Declares `fn workgroupSum(value: f32, lane: u32) -> f32` for workgroups of `size`, a power of two. */
export function workgroupSum(size: number): string {
  return fold("workgroupSum", size, { join: (a, b) => `${a} + ${b}` });
}

/**
 * Declares `fn workgroupSums(value: vec2f, lane: u32) -> vec2f`: two sums for the price of the barriers of
 * one.
 */
export function workgroupSums(size: number): string {
  return fold("workgroupSums", size, { join: (a, b) => `${a} + ${b}`, type: "vec2f" });
}

/**
 * Declares `fn workgroupMax(value: f32, lane: u32) -> f32` for workgroups of `size`, a power of two. The
 * result is NaN if a value is. Needs `nanFunctions`.
 */
export function workgroupMax(size: number): string {
  return fold("workgroupMax", size, { join: (a, b) => `maxOrNan(${a}, ${b})` });
}

/**
 * Returns the workgroup size for a row of `length` elements: small for short rows, because idle lanes cost as
 * much as busy ones.
 */
export function rowWorkgroup(length: number): number {
  return length <= 128 ? 32 : length <= 512 ? 64 : 256;
}

/**
 * Returns the workgroup counts for `rows` rows, one workgroup per row, and WGSL that computes `row` from
 * `group` and returns if there is no such row.
 */
export function rowGrid(rows: number): { workgroups: readonly [number, number, number]; find: string } {
  const workgroups = grid(rows, 1);
  return {
    workgroups,
    find: `let row = group.x + group.y * ${workgroups[0]}u;\n  if (row >= ${rows}u) { return; }`,
  };
}

function fold(
  name: string,
  size: number,
  { join, type = "f32" }: { readonly join: (a: string, b: string) => string; readonly type?: string },
): string {
  const steps: string[] = [];
  for (let half = size / 2; half >= 1; half /= 2) {
    const a = `${name}Lanes[lane]`, b = `${name}Lanes[lane + ${half}u]`;
    steps.push(`  if (lane < ${half}u) { ${a} = ${join(a, b)}; }\n  workgroupBarrier();`);
  }
  return `var<workgroup> ${name}Lanes: array<${type}, ${size}>;
fn ${name}(value: ${type}, lane: u32) -> ${type} {
  ${name}Lanes[lane] = value;
  workgroupBarrier();
${steps.join("\n")}
  let result = ${name}Lanes[0];
  workgroupBarrier(); // before a second call overwrites the lanes
  return result;
}`;
}
