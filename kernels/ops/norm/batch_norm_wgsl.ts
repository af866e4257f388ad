/**
 * WGSL of batch normalization. A workgroup computes 16 adjacent columns and divides the rows of each column
 * among 16 lanes. The partial sums of the lanes are added in a fixed tree.
 *
 * @module
 */
import type { Call } from "../../core/graph.ts";
import { grid, wgslBindings } from "../../core/wgsl.ts";
import type { WgslKernel } from "../../core/gpu.ts";

/** Sizes and attributes of a batch normalization call. */
export interface BatchNormSizes {
  /** Number of rows, over which the moments are computed. */
  readonly rows: number;
  /** Number of columns, C. */
  readonly columns: number;
  /** The variance's divisor is the number of rows minus `ddof`. */
  readonly ddof: number;
  /** Number that is added to the variance. */
  readonly eps: number;
}

const COLUMNS = 16;
const LANES = 16;

/**
 * Returns the kernel that computes `y`, `mean` and `variance` from `x`, `gain` and `bias`. It computes the
 * mean first and then the squared deviations from it.
 */
export function batchNormKernel(call: Call, sizes: BatchNormSizes): WgslKernel {
  const { rows, ddof, eps } = sizes;
  return columnKernel(call, sizes, ({ eachRow }) =>
    `var sum = 0.0;
  ${eachRow("sum += in0[i];")}
  let mean = columnSums(vec2f(sum, 0.0), lane).x / ${rows}.0;
  var squares = 0.0;
  ${eachRow("let d = in0[i] - mean; squares += d * d;")}
  let variance = columnSums(vec2f(squares, 0.0), lane).x / ${rows - ddof}.0;
  if (within) {
    let factor = in1[column] / sqrt(variance + f32(${eps}));
    let shift = in2[column];
    ${eachRow("out0[i] = (in0[i] - mean) * factor + shift;")}
    if (part == 0u) { out1[column] = mean; out2[column] = variance; }
  }`);
}

/**
 * Returns the kernel that computes `dx`, `dgain` and `dbias` from `x`, `gain`, `mean`, `variance` and `dy`.
 */
export function batchNormGradKernel(call: Call, sizes: BatchNormSizes): WgslKernel {
  const { rows, ddof, eps } = sizes;
  return columnKernel(call, sizes, ({ eachRow }) =>
    `var mean = 0.0;
  var rstd = 0.0;
  if (within) { mean = in2[column]; rstd = 1.0 / sqrt(in3[column] + f32(${eps})); }
  var parts2 = vec2f(0.0, 0.0); // sums of dy times the normalized x, and of dy
  ${eachRow("let d = in4[i]; parts2 += vec2f(d * (in0[i] - mean) * rstd, d);")}
  let sums = columnSums(parts2, lane);
  if (within) {
    let factor = in1[column] * rstd;
    ${
      eachRow(
        `out0[i] = factor * (in4[i] - sums.y / ${rows}.0 - (in0[i] - mean) * rstd * sums.x / ${
          rows - ddof
        }.0);`,
      )
    }
    if (part == 0u) { out1[column] = sums.x; out2[column] = sums.y; }
  }`);
}

/**
 * Returns a kernel whose body can use `lane`, `column`, `within` (whether the column exists) and `part` (the
 * first of the column's rows that the lane processes).
 */
function columnKernel(
  call: Call,
  { rows, columns: channels }: BatchNormSizes,
  body: (given: { eachRow(statements: string): string }) => string,
): WgslKernel {
  const groups = Math.ceil(channels / COLUMNS), workgroups = grid(groups, 1);
  const eachRow = (statements: string) =>
    `for (var row = part; row < ${rows}u; row += ${LANES}u) {
    if (within) { let i = row * ${channels}u + column; ${statements} }
  }`;
  return {
    workgroups,
    code: `${wgslBindings(call)}
var<workgroup> parts: array<vec2f, ${COLUMNS * LANES}>;
fn columnSums(value: vec2f, lane: u32) -> vec2f {
  parts[lane] = value;
  workgroupBarrier();
  for (var half = ${COLUMNS * LANES / 2}u; half >= ${COLUMNS}u; half /= 2u) {
    if (lane < half) { parts[lane] += parts[lane + half]; }
    workgroupBarrier();
  }
  let total = parts[lane % ${COLUMNS}u];
  workgroupBarrier();
  return total;
}
@compute @workgroup_size(${COLUMNS * LANES})
fn main(@builtin(workgroup_id) group: vec3u, @builtin(local_invocation_index) lane: u32) {
  let index = group.x + group.y * ${workgroups[0]}u;
  if (index >= ${groups}u) { return; }
  let column = index * ${COLUMNS}u + lane % ${COLUMNS}u;
  let within = column < ${channels}u;
  let part = lane / ${COLUMNS}u;
  ${body({ eachRow })}
}`,
  };
}
