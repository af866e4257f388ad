import { deepStrictEqual, ok, throws } from "node:assert/strict";
import { openReference } from "../../../kernels/engine/reference.ts";
import { sgd, type SgdOptions } from "../../../kernels/optim/sgd.ts";
import { descend } from "./descent.ts";

const start = () => Float32Array.of(1), target = () => Float32Array.of(0.5);

/**
 * Returns a parameter of one element that starts at 1, after two steps towards 0.5 with a learning rate of
 * 0.1. Weight decay applies to it only if `shape` is that of a matrix.
 */
async function twoSteps(options: SgdOptions, shape = [1, 1], scale = 1) {
  const optimizer = sgd(options), learningRate = 0.1;
  const { tensors } = await descend(openReference(), {
    optimizer,
    shapes: { w: shape },
    learningRate,
    steps: 2,
    scale,
    start,
    target,
  });
  return { w: tensors.w.data[0], labels: Object.keys(tensors) };
}

Deno.test("sgd() takes torch.optim.SGD's steps, with momentum, with decay, with scaled gradients", async () => {
  const near = (a: number, b: number) => ok(Math.abs(a - b) < 1e-6, `${a}, wanted ${b}`);
  // Step 1: `g = 0.5`, `w = 0.95`. Step 2: `g = 0.45`, `w = 0.905`; with momentum `v = 0.9·0.5 + 0.45 = 0.9`,
  // `w = 0.86`.
  near((await twoSteps({ momentum: 0 })).w, 0.905);
  near((await twoSteps({})).w, 0.86);
  near((await twoSteps({}, [1, 1], 8)).w, 0.86);
  // With decay 0.1: `g = 0.6`, `w = 0.94`; `g = 0.44 + 0.094 = 0.534`, `v = 0.54 + 0.534 = 1.074`,
  // `w = 0.8326`.
  near((await twoSteps({ weightDecay: 0.1 })).w, 0.8326);
  near((await twoSteps({ weightDecay: 0.1 }, [1])).w, 0.86); // a bias does not decay
  deepStrictEqual((await twoSteps({ momentum: 0 })).labels, ["w"]);
  deepStrictEqual((await twoSteps({})).labels, ["w", "w/velocity"]);
});

Deno.test("sgd() refuses constants out of range", () => {
  for (const momentum of [1, -0.1, NaN]) throws(() => sgd({ momentum }), /with momentum/);
  throws(() => sgd({ weightDecay: -1 }), /with weight decay -1: wanted 0 or above/);
});
