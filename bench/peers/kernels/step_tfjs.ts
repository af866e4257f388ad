/**
 * The training step in tfjs. tfjs computes the gradients; the update is written here, since Adam in tfjs has
 * no decoupled weight decay.
 *
 * @module
 */
import { gpt } from "../../../kernels/models/gpt.ts";
import type { Contender } from "../comparison.ts";
import { finished, type Tfjs, tfjsName, type TfTensor, tfTensors } from "../tfjs.ts";
import { beta1, beta2, tfAdamw, weightDecay } from "./adamw.ts";
import { tfAttention, tfMask } from "./attention.ts";
import { tfCrossEntropy } from "./cross_entropy.ts";
import { tfEmbed } from "./embedding.ts";
import { tfNorm } from "./layer_norm.ts";
import { stepContender, type StepSetup } from "./step.ts";

/** Tensors by name. */
type Tensors = Readonly<Record<string, TfTensor>>;

/** Returns the training step as a contender. */
export function tfStep(tf: Tfjs, setup: StepSetup): Promise<Contender> {
  const { size, learningRate } = setup, batch = tfTensors(tf, setup.batch), mask = tfMask(tf, size.seqLen);
  const names = Object.keys(setup.weights), weights = tfTensors(tf, setup.weights);
  const zeros = () => Object.fromEntries(names.map((name) => [name, tf.fill(weights[name].shape, 0)]));
  let state = { weights, m: zeros(), v: zeros() }, count = 0;
  const step = () => {
    count++;
    const rate = learningRate / (1 - beta1 ** count), correction = 1 - beta2 ** count;
    const withNames = (...xs: TfTensor[]) =>
      meanLoss(tf, { w: Object.fromEntries(names.map((name, i) => [name, xs[i]])), batch, mask, size });
    const { value, grads } = tf.valueAndGrads(withNames)(names.map((name) => state.weights[name]));
    const scale = clipScale(tf, grads);
    const updated = names.map((name, i) => {
      const decay = grads[i].shape.length > 1 ? weightDecay * learningRate : 0;
      const [param, m, v] = [state.weights[name], state.m[name], state.v[name]];
      return [
        name,
        tfAdamw(tf, { param, grad: tf.mul(grads[i], scale), m, v, rate, correction, decay }),
      ] as const;
    });
    const each = (part: "param" | "m" | "v") =>
      Object.fromEntries(updated.map(([name, s]) => [name, s[part]]));
    return { loss: value, state: { weights: each("param"), m: each("m"), v: each("v") } };
  };
  return Promise.resolve(stepContender({
    name: tfjsName(tf),
    async run(steps) {
      let last: TfTensor | null = null;
      for (let i = 0; i < steps; i++) {
        const { loss, state: next } = tf.tidy(step);
        tf.dispose([state, last]);
        state = next, last = loss;
      }
      await finished(tf, Object.values(state.v).at(-1)!); // also waits for the last update
      const loss = (await last!.data())[0];
      tf.dispose(last);
      return loss;
    },
    dispose() {
      tf.dispose([state, batch, mask]);
      return Promise.resolve();
    },
  }));
}

/** Returns the factor that limits the norm of all gradients to 1. */
function clipScale(tf: Tfjs, grads: readonly TfTensor[]): TfTensor {
  // addN() is avoided: on WebGPU in Deno it only adds the first few tensors.
  const norm = tf.sqrt(grads.map((g) => tf.sum(tf.square(g))).reduce((a, b) => tf.add(a, b)));
  return tf.minimum(tf.reciprocal(tf.add(norm, 1e-6)), 1);
}

/** Returns the mean cross entropy of GPT-2. */
function meanLoss(
  tf: Tfjs,
  { w, batch: { inputs, targets }, mask, size }: {
    readonly w: Tensors;
    readonly batch: Tensors;
    readonly mask: TfTensor;
    readonly size: StepSetup["size"];
  },
): TfTensor {
  const { layers, heads, channels, batch, seqLen, vocabSize } = size, rows = batch * seqLen;
  const norm = (at: string, x: TfTensor) =>
    tfNorm(tf, { x, weight: w[`${at}.weight`], bias: w[`${at}.bias`] });
  const linear = (at: string, x: TfTensor) => { // on [rows, C]: tfjs is fastest at products of two matrices
    const weight = w[`${at}.weight`], flat = tf.reshape(x, [rows, weight.shape[0]]);
    return tf.add(tf.matMul(flat, weight), w[`${at}.bias`]);
  };
  const embedded = tf.add(tfEmbed(tf, { table: w["wte.weight"], ids: inputs }), w["wpe.weight"]);
  let x = tf.reshape(embedded, [rows, channels]);
  for (let i = 0; i < layers; i++) {
    const at = `h.${i}`, normed = norm(`${at}.ln_1`, x);
    const qkv = tf.reshape(linear(`${at}.attn.c_attn`, normed), [batch, seqLen, 3 * channels]);
    x = tf.add(x, linear(`${at}.attn.c_proj`, tfAttention(tf, { qkv, heads, mask })));
    const wide = gelu(tf, linear(`${at}.mlp.c_fc`, norm(`${at}.ln_2`, x)));
    x = tf.add(x, linear(`${at}.mlp.c_proj`, wide));
  }
  const all = tf.matMul(norm("ln_f", x), w["wte.weight"], false, true), { paddedVocabSize } = gpt(size);
  const logits = paddedVocabSize === vocabSize ? all : tf.slice(all, [0, 0], [rows, vocabSize]);
  return tf.mean(tfCrossEntropy(tf, { logits, targets: tf.reshape(targets, [rows]) }));
}

/** Computes GELU with tanh, as in GPT-2. */
function gelu(tf: Tfjs, x: TfTensor): TfTensor {
  const inner = tf.mul(tf.add(x, tf.mul(tf.mul(tf.square(x), x), 0.044715)), Math.sqrt(2 / Math.PI));
  return tf.mul(tf.mul(x, 0.5), tf.add(tf.tanh(inner), 1));
}
