/**
 * The training step in jax-js: one function of all weights and moments, compiled as a whole.
 *
 * @module
 */
import { blockUntilReady, defaultDevice, jit, nn, numpy, tree, valueAndGrad } from "@jax-js/jax";
import { jaxArrays, type JaxDevice, jaxjsName, useJaxDevice } from "../jaxjs.ts";
import type { Contender } from "../comparison.ts";
import { beta1, beta2, jaxAdamw, weightDecay } from "./adamw.ts";
import { jaxAttention } from "./attention.ts";
import { jaxCrossEntropy } from "./cross_entropy.ts";
import { jaxEmbed } from "./embedding.ts";
import { jaxNorm } from "./layer_norm.ts";
import { stepContender, type StepSetup } from "./step.ts";

/** Arrays by name. */
type Arrays = Record<string, numpy.Array>;

/** Returns the training step as a contender. */
export async function jaxStep(device: JaxDevice, setup: StepSetup): Promise<Contender> {
  await useJaxDevice(device);
  const batch = await jaxArrays(setup.batch);
  const zeros = (like: Arrays): Arrays => tree.map((x: numpy.Array) => numpy.zerosLike(x.ref), like);
  let weights = await jaxArrays(setup.weights), m = zeros(weights), v = zeros(weights), count = 0;
  const compiled = jit(stepFunction(device, setup));
  return stepContender({
    name: `${jaxjsName} ${device}${device === "wasm" ? "" : ", embedding as a product"}`,
    async run(steps) {
      defaultDevice(device);
      let loss = numpy.array(0);
      for (let i = 0; i < steps; i++) {
        count++;
        const rates = {
          rate: numpy.array([setup.learningRate / (1 - beta1 ** count)]),
          correction: numpy.array([1 - beta2 ** count]),
        };
        loss.dispose();
        ({ loss, weights, m, v } = compiled({ weights, m, v, batch: tree.ref(batch), rates }));
        // Pending steps hold their memory, and on WASM waiting for them costs nothing.
        if (device === "wasm") await blockUntilReady({ loss, weights, m, v });
      }
      await blockUntilReady({ loss, weights, m, v }); // also waits for the last update, which no loss uses
      return (await loss.data())[0];
    },
    dispose() {
      tree.dispose({ batch, weights, m, v });
      compiled.dispose();
      return Promise.resolve();
    },
  });
}

/** Weights and moments before and after a step. */
type State = { weights: Arrays; m: Arrays; v: Arrays };

function stepFunction(
  device: JaxDevice,
  { size, learningRate }: StepSetup,
): (inputs: State & { batch: Arrays; rates: Arrays }) => State & { loss: numpy.Array } {
  const lossOf = (weights: Arrays, batch: Arrays) => meanLoss(weights, { batch, size, device });
  return (inputs) => {
    const { batch, rates } = inputs;
    const [loss, grads] = valueAndGrad(lossOf)(tree.ref(inputs.weights), batch);
    const weights: Arrays = {}, m: Arrays = {}, v: Arrays = {}, scale = clipScale(grads);
    for (const name of Object.keys(grads)) {
      const { param, ...moments } = jaxAdamw({
        param: inputs.weights[name],
        grad: grads[name].mul(scale.ref),
        m: inputs.m[name],
        v: inputs.v[name],
      }, {
        rate: rates.rate.ref,
        correction: rates.correction.ref,
        decay: grads[name].ndim > 1 ? weightDecay * learningRate : 0,
      });
      weights[name] = param, m[name] = moments.m, v[name] = moments.v;
    }
    tree.dispose([scale, rates]);
    return { loss, weights, m, v };
  };
}

/** Returns the factor that limits the norm of all gradients to 1. */
function clipScale(grads: Arrays): numpy.Array {
  const squares = Object.values(grads).map((g) => numpy.square(g.ref).sum());
  const norm = numpy.sqrt(squares.reduce((a, b) => a.add(b)));
  return numpy.minimum(numpy.reciprocal(norm.add(1e-6)), 1);
}

/** Returns the mean cross entropy of GPT-2. */
function meanLoss(
  w: Arrays,
  { batch: { inputs, targets }, size: { layers, heads, channels, batch, seqLen, vocabSize }, device }:
    & { readonly batch: Arrays; readonly device: JaxDevice }
    & Pick<StepSetup, "size">,
): numpy.Array {
  const norm = (at: string, x: numpy.Array) =>
    jaxNorm({ x, weight: w[`${at}.weight`], bias: w[`${at}.bias`] });
  const linear = (at: string, x: numpy.Array) => numpy.matmul(x, w[`${at}.weight`]).add(w[`${at}.bias`]);
  let x = jaxEmbed(device, { table: w["wte.weight"].ref, ids: inputs }).add(w["wpe.weight"]);
  for (let i = 0; i < layers; i++) {
    const at = `h.${i}`;
    const mixed = jaxAttention(linear(`${at}.attn.c_attn`, norm(`${at}.ln_1`, x.ref)), heads);
    x = x.add(linear(`${at}.attn.c_proj`, mixed));
    const wide = nn.gelu(linear(`${at}.mlp.c_fc`, norm(`${at}.ln_2`, x.ref)));
    x = x.add(linear(`${at}.mlp.c_proj`, wide));
  }
  const rows = norm("ln_f", x).reshape([batch * seqLen, channels]);
  const logits = numpy.matmul(rows, w["wte.weight"].transpose()).slice([], [0, vocabSize]);
  return jaxCrossEntropy(logits, targets.reshape([batch * seqLen])).mean();
}
