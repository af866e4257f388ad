/**
 * The forward pass of the lesson on backpropagation as a graph of small ops. This project's automatic
 * differentiation computes the gradients in float64, for comparison with the gradients derived by hand.
 *
 * @module
 */
import { fill } from "../../../kernels/core/gradient_ops.ts";
import { gradients } from "../../../kernels/core/gradients.ts";
import { Graph, type Tensor } from "../../../kernels/core/graph.ts";
import { compile } from "../../../kernels/core/program.ts";
import { reshape } from "../../../kernels/core/view.ts";
import { openReference } from "../../../kernels/engine/reference.ts";
import type { Matrix } from "../../../kernels/models/course/matrix.ts";
import {
  type LetterBatch,
  type ManualMlp,
  type MlpSteps,
  parameterNames,
  type StepGradients,
} from "../../../kernels/models/course/mlp_manual.ts";
import { add, mul, sub } from "../../../kernels/ops/elementwise/arith.ts";
import { scale } from "../../../kernels/ops/elementwise/scale.ts";
import { exp, log } from "../../../kernels/ops/elementwise/exp_log.ts";
import { gather } from "../../../kernels/ops/indexing/gather.ts";
import { matmul } from "../../../kernels/ops/matmul/matmul.ts";
import { power } from "../../../kernels/ops/elementwise/power.ts";
import { broadcast, sum } from "../../../kernels/ops/reduce/reduce.ts";
import { tanh } from "../../../kernels/ops/elementwise/tanh.ts";

/**
 * Returns the loss, and its gradients with respect to all 26 values of the graph, computed on the float64
 * reference engine.
 */
export async function autodiffGradients(
  net: ManualMlp,
  { steps, batch: { inputs, targets } }: { readonly steps: MlpSteps; readonly batch: LetterBatch },
): Promise<{ readonly loss: number; readonly gradients: ReadonlyMap<string, Float64Array> }> {
  const n = targets.length, letters = net.b2.columns, graph = new Graph();
  const input = (label: string, { rows, columns }: Matrix): Tensor =>
    graph.leaf(label, { shape: rows === 1 ? [columns] : [rows, columns], dtype: "f32" }, "input");
  const [C, W1, b1, W2, b2, bnGain, bnBias] = parameterNames.map((name) => input(name, net[name]));
  const ids = graph.leaf("ids", { shape: [inputs.length], dtype: "u32" }, "input");
  // torch selects elements by index; this graph multiplies by 0 and 1 instead. The position of the largest
  // logit has no gradient, so it can be an input of the graph.
  const whereMax = input("whereMax", steps.logits), whereTarget = input("whereTarget", steps.logits);

  const plusEps = (x: Tensor): Tensor => add(x, fill(x, 1e-5));
  const alongRow = (x: Tensor): Tensor => broadcast(x, { shape: [n, letters], from: 1, to: 2 });
  const emb = gather(C, ids);
  const embCat = reshape(emb, [n, net.W1.rows]);
  const hPreBn = add(matmul(embCat, W1), b1);
  const bnMean = scale(sum(hPreBn, { to: 1 }), 1 / n);
  const bnDiff = sub(hPreBn, bnMean);
  const bnDiff2 = power(bnDiff, 2);
  const bnVar = scale(sum(bnDiff2, { to: 1 }), 1 / (n - 1));
  const bnVarInv = power(plusEps(bnVar), -.5);
  const bnRaw = mul(bnDiff, bnVarInv);
  const hPreAct = add(mul(bnGain, bnRaw), bnBias);
  const h = tanh(hPreAct);
  const logits = add(matmul(h, W2), b2);
  const logitMaxes = sum(mul(logits, whereMax), { from: 1 });
  const normLogits = sub(logits, alongRow(logitMaxes));
  const counts = exp(normLogits);
  const countsSum = sum(counts, { from: 1 });
  const countsSumInv = power(countsSum, -1);
  const probs = mul(counts, alongRow(countsSumInv));
  const logProbs = log(probs);
  const loss = scale(sum(mul(logProbs, whereTarget)), -1 / n);

  // deno-fmt-ignore
  const values: Record<keyof StepGradients, Tensor> = { logProbs, probs, countsSumInv, countsSum, counts, normLogits, logitMaxes, logits, h, W2, b2, hPreAct, bnGain, bnBias, bnRaw, bnVarInv, bnVar, bnDiff2, bnDiff, bnMean, hPreBn, embCat, W1, b1, emb, C };
  graph.output("loss", loss);
  const valueGradients = gradients(loss, Object.values(values));
  Object.keys(values).forEach((name, i) => {
    const gradient = valueGradients[i];
    if (gradient !== null) graph.output(`d ${name}`, gradient);
  });

  const weights = Object.fromEntries(parameterNames.map((name) => {
    const { rows, columns, data } = net[name];
    return [name, { shape: [rows, columns], data: Float32Array.from(data) }];
  }));
  await using session = await openReference().open([compile("gradients", graph)], {
    ...weights,
    ids: { shape: ids.shape, data: inputs },
    whereMax: { shape: logits.shape, data: Float32Array.from(steps.logits.whereMax().data) },
    whereTarget: {
      shape: logits.shape,
      data: Float32Array.from({ length: n * letters }, (_, i) => {
        return targets[Math.floor(i / letters)] === i % letters ? 1 : 0;
      }),
    },
  });
  await session.run(["gradients"]);
  return {
    loss: session.readFloat64("loss")[0],
    gradients: new Map(Object.keys(values).map((name) => [name, session.readFloat64(`d ${name}`)])),
  };
}
