/**
 * The doctor's comparison of a GPU's results with float64.
 *
 * @module
 */
import { Graph, type Op } from "../../kernels/core/graph.ts";
import { compile } from "../../kernels/core/program.ts";
import type { Engine } from "../../kernels/engine/engine.ts";
import { openWebgpu } from "../../kernels/engine/webgpu/webgpu_engine.ts";
import { ops } from "../../kernels/ops/list.ts";
import { compareTrials, layoutTrials } from "../../kernels/parity/matmul_trials.ts";
import { compareNan } from "../../kernels/parity/nan.ts";
import { compareFarFromZero, compareOps } from "../../kernels/parity/parity.ts";
import { smallCases } from "../../kernels/parity/run_cases.ts";
import type { DoctorReport } from "./report.ts";

/** Number of 32-bit words of workgroup memory that a kernel finds filled with zeros. */
const WORDS = 1024;

/**
 * Compares kernels with float64: all cases and variants, or, if `small`, one case of every op. Then checks
 * results far from zero, that NaN is not lost, and that workgroup memory starts with zeros. Every case runs
 * twice and must give the same bits.
 */
export async function checkParity({ small }: { readonly small: boolean }): Promise<DoctorReport["parity"]> {
  const engine = await openWebgpu();
  const chosen = ops.map((op) => ({ ...op, cases: small ? op.cases.slice(0, 1) : op.cases }));
  const trials = small ? [] : layoutTrials();
  const quick = chosen.filter(({ name }) => !small || !/attention|matmul|affine/.test(name));
  const wrong = [
    ...(await compareOps(engine, chosen)).values(),
    ...[...(await compareTrials(trials)).values()].map(({ messages }) => messages),
    await compareFarFromZero(engine),
    await compareNan(engine, quick),
    await compareWorkgroupMemory(engine),
  ].flat();
  return { cases: smallCases(chosen).length + trials.length, wrong };
}

/** Returns a kernel with one workgroup that runs `body`, in which `words` is workgroup memory. */
function kernelOf(name: string, body: string): Op<null> {
  return {
    name,
    infer: ([x]) => [{ shape: x.shape, dtype: "f32" }],
    reference: ([x]) => [x.map(() => 0)],
    wgsl: () => ({
      workgroups: [1, 1, 1],
      code: `@group(0) @binding(0) var<storage, read_write> in0: array<f32>;
@group(0) @binding(1) var<storage, read_write> out0: array<f32>;
var<workgroup> words: array<f32, ${WORDS}>;
@compute @workgroup_size(64)
fn main(@builtin(local_invocation_index) lane: u32) {
  for (var i = lane; i < ${WORDS}u; i += 64u) { ${body} }
}`,
    }),
    wasm: () => [],
    cases: [],
  };
}

const filling = kernelOf("fill_workgroup_memory", "words[i] = in0[i] + 1.0; out0[i] = words[i];");
const reading = kernelOf("read_workgroup_memory", "out0[i] = words[i] + in0[i] * 0.5;");

/** Fills workgroup memory in one dispatch and reads it in the next, which must find zeros. */
async function compareWorkgroupMemory(engine: Engine): Promise<readonly string[]> {
  const graph = new Graph(), x = graph.leaf("x", { shape: [WORDS], dtype: "f32" }, "input");
  for (let i = 0; i < 16; i++) graph.output(`filled${i}`, graph.call(filling, [x], null)[0]);
  graph.output("read", graph.call(reading, [x], null)[0]);
  await using session = await engine.open([compile("memory", graph)], {});
  await session.run(["memory"]);
  const found = (await session.read(["read"])).read.data.findIndex((value) => value !== 0);
  return found < 0 ? [] : [`workgroup memory does not start with zeros: word ${found} is not 0`];
}
