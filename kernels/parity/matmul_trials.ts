/**
 * Compares every WGSL kernel of the matmul family with the float64 reference. The kernels run on this
 * machine's WebGPU adapter.
 *
 * @module
 */
import type { Case } from "../core/case.ts";
import { type Gpu, leastGpu } from "../core/gpu.ts";
import { type Call, Graph, type Op } from "../core/graph.ts";
import { callKey } from "../core/op.ts";
import { compile } from "../core/program.ts";
import { openWebgpu } from "../engine/webgpu/webgpu_engine.ts";
import { relu } from "../ops/elementwise/relu.ts";
import { matmulOp } from "../ops/matmul/matmul.ts";
import { compareOps } from "./parity.ts";
import { caseGraph } from "./run_cases.ts";

/** A GPU with the weakest limits and every feature. */
export const featuredGpu: Gpu = { ...leastGpu, features: new Set(["shader-f16", "subgroups"]) };

/** Sizes M, K, N that are not multiples of 4. */
export const ragged: readonly number[] = [33, 19, 37];
/**
 * Sizes M, K, N that are multiples of 4, with a partial tile at every edge and a K long enough to be split
 * into parts.
 */
export const whole: readonly number[] = [68, 264, 76];
const fewRows: readonly number[] = [3, 264, 132], eightRows: readonly number[] = [7, 266, 130];

/** One variant of an op's kernel, and the case to run it on. */
export interface Trial {
  /** The op. */
  readonly op: Op<any>;
  /** Inputs and attributes of the op. */
  readonly case: Case<any>;
  /** A call of the op with these inputs and attributes. */
  readonly call: Call;
  /** Name of the variant. */
  readonly variant: string;
}

/** Returns trials of all variants of one case; variants that round operands to 16-bit floats come last. */
export function trials(op: Op<any>, c: Case<any>): readonly Trial[] {
  const [call] = caseGraph(op, c).graph.calls;
  const variants = [false, true].flatMap((half) => op.variants!(call, { ...featuredGpu, half }));
  return variants.map((variant) => ({ op, case: c, call, variant }));
}

/**
 * Returns trials of matmul that cover every variant and every layout of the operands. SwiftShader takes up to
 * a second to compile a kernel with workgroup memory, so only two groups of variants run in all layouts: the
 * smallest tile of each family, and the "quads" family, which reads operand `a` in vectors of four. All other
 * variants run in two layouts, so that each operand is read along K and across it.
 */
export function layoutTrials(): readonly Trial[] {
  return [false, true].flatMap((transposeA) =>
    [false, true].flatMap((transposeB) =>
      [fewRows, eightRows, ragged, whole].flatMap((size) => {
        const [m, k, n] = size;
        const inputs = [transposeA ? [k, m] : [m, k], transposeB ? [n, k] : [k, n]];
        return trials(matmulOp, { inputs, attrs: { transposeA, transposeB } }).filter(({ variant }) =>
          size === fewRows
            ? variant.includes(" by 64x1") || variant.startsWith("slices 4x4")
            : variant.startsWith("quads") ||
              ((size === ragged) === (transposeA === transposeB) &&
                (variant.includes(" 4x4 by 8x8") || size === whole && !variant.includes(" in ")))
        );
      })
    )
  );
}

/** Returns the family of a trial's variant, such as "tiles" or "half": the first word of its name. */
export function familyOf({ variant }: Trial): string {
  return variant.split(" ")[0];
}

/** Results of the trials of one family. */
export interface FamilyParity {
  /** Why the family cannot run on this adapter; null if it ran. */
  readonly unsupported: string | null;
  /** A message for each result that differs from the reference; see `compareOps`. */
  readonly messages: readonly string[];
}

/** Runs trials and returns their results, keyed by family. */
export async function compareTrials(all: readonly Trial[]): Promise<ReadonlyMap<string, FamilyParity>> {
  const { device } = await openWebgpu(), gpu = await adapterGpu();
  const results = new Map<string, FamilyParity>();
  for (const [family, own] of Map.groupBy(all, familyOf)) {
    results.set(
      family,
      family === "quads" && !gpu.features.has("subgroups")
        ? { unsupported: `${device} has no subgroups`, messages: [] }
        : { unsupported: null, messages: await compareFamily(own, { ...gpu, half: family === "half" }) },
    );
  }
  return results;
}

/**
 * Runs trials of one family. A session runs only one variant of each call, so trials of the same call run in
 * separate sessions, one after the other.
 */
async function compareFamily(all: readonly Trial[], gpu: Gpu): Promise<readonly string[]> {
  const { half = false } = gpu;
  const messages = all.filter(({ op, call, variant }) => !op.variants!(call, gpu).includes(variant))
    .map(({ op, variant }) => `${op.name} has no variant ${variant} on this adapter`);
  for (let left = all; left.length > 0;) {
    const current = new Map(left.map((trial) => [callKey(trial.call), trial]));
    left = left.filter((trial) => current.get(callKey(trial.call)) !== trial);
    const choices = new Map([...current].map(([key, { variant }]) => [key, variant]));
    const ops = [...Map.groupBy(current.values(), ({ op }) => op)].map(([op, own]) => ({
      ...(half ? withRoundedOperands(op) : op),
      cases: own.map((trial) => trial.case),
    }));
    for (const found of (await compareOps(await openWebgpu({ half, choices }), ops)).values()) {
      messages.push(...found);
    }
  }
  return messages;
}

/**
 * Returns the op with a different reference implementation, which first rounds the operands to 16-bit floats.
 * Products of two rounded operands are exact in float32 and are summed in float32, so the tolerance stays
 * 1e-5. A kernel that rounds differently changes an operand by up to 5e-4 of its value, and that exceeds the
 * tolerance.
 */
function withRoundedOperands(op: Op<any>): Op<any> {
  return {
    ...op,
    reference: ([a, b, ...others], call) =>
      op.reference([a.map(Math.f16round), b.map(Math.f16round), ...others], call),
  };
}

/** Returns the limits and features of this machine's adapter. */
async function adapterGpu(): Promise<Gpu> {
  const graph = new Graph();
  graph.output("y", relu(graph.leaf("x", { shape: [4], dtype: "f32" }, "input")));
  await using session = await (await openWebgpu()).open([compile("p", graph)], {});
  return session.gpu;
}
