/**
 * The models of makemore.py, and an LSTM. They predict the next token at every position. Sizes and names are
 * those of makemore.py; where makemore.py's initial weights are uniformly distributed, the initial weights
 * here are normally distributed with the same variance.
 * Source: https://github.com/karpathy/makemore
 *
 * @module
 */
import { fillOp } from "../../core/gradient_ops.ts";
import type { Scope } from "../../core/scope.ts";
import { normals } from "../../random/philox.ts";
import type { Tensor } from "../../core/graph.ts";
import type { TensorMap } from "../../core/tensor.ts";
import { reshape } from "../../core/view.ts";
import { affine } from "../../ops/matmul/affine.ts";
import { add, mul, sub } from "../../ops/elementwise/arith.ts";
import { concat, narrow } from "../../ops/indexing/concat.ts";
import { crossEntropy } from "../../ops/loss/cross_entropy.ts";
import { sigmoid } from "../../ops/elementwise/exp_log.ts";
import { gather } from "../../ops/indexing/gather.ts";
import { matmul } from "../../ops/matmul/matmul.ts";
import { permute } from "../../ops/indexing/permute.ts";
import { broadcast } from "../../ops/reduce/reduce.ts";
import { slice } from "../../ops/indexing/slice.ts";
import { softmax } from "../../ops/attention/softmax.ts";
import { tanh } from "../../ops/elementwise/tanh.ts";
import { contextsOf } from "../../ops/indexing/token_windows.ts";
import { gpt } from "../gpt.ts";
import { drawWeights, type Model } from "../model.ts";

/** Sizes of a model; defaults are those of makemore.py. */
export interface MakemoreConfig {
  /** Number of tokens in the vocabulary. */
  readonly vocabSize: number;
  /** Longest sequence in tokens. */
  readonly seqLen: number;
  /** Number of transformer blocks, makemore.py's `--n-layer`; default 4. */
  readonly layers?: number;
  /** Number of the transformer's attention heads, `--n-head`; default 4. */
  readonly heads?: number;
  /** Size of an embedding, `--n-embd`; default 64. */
  readonly channels?: number;
  /** Dropout probability of the transformer in training; default 0. */
  readonly dropout?: number;
  /** Size of hidden layers and recurrent states, `--n-embd2`; default 64. */
  readonly hidden?: number;
}

/** Models by name: the values of makemore.py's `--type`, and the LSTM of char-rnn. */
export const makemoreTypes = ["bigram", "mlp", "rnn", "gru", "lstm", "bow", "transformer"] as const;

/** Name of a model. */
export type MakemoreType = typeof makemoreTypes[number];

type Sizes = Required<MakemoreConfig>;
type LogitsFunction = (scope: Scope, tokens: Tensor, sizes: Sizes) => Tensor;

/** Makes a model. Its `forward` gives logits [B, T, V]. */
export function makemore(type: MakemoreType, config: MakemoreConfig): Model<MakemoreConfig> {
  const sizes = { layers: 4, heads: 4, channels: 64, hidden: 64, dropout: 0, ...config };
  const { vocabSize, seqLen } = sizes;
  if (type === "transformer") {
    const { layers, heads, channels, dropout } = sizes;
    return {
      ...gpt({ layers, heads, channels, seqLen, vocabSize, vocabPad: 1, tie: false, dropout }),
      config,
    };
  }
  const logits = { bigram, mlp, rnn, gru, lstm, bow }[type];
  return {
    name: type,
    config,
    vocabSize,
    paddedVocabSize: vocabSize,
    seqLen,
    forward: (scope, tokens, { rows } = {}) => {
      const all = logits(scope, tokens, sizes);
      return rows === undefined ? all : gather(all, rows);
    },
    losses: (scope, { tokens, targets }) => crossEntropy(logits(scope, tokens, sizes), targets),
  };
}

/**
 * Draws initial weights from a seed, with the variances of torch's modules: 1 for embeddings,
 * `1 / (3 · inputs)` for matrices and their biases. These variances also suit the transformer, which needs
 * half as many steps with them as with GPT-2's standard deviation of 0.02.
 */
export function makemoreWeights(model: Model<MakemoreConfig>, seed: number): TensorMap {
  return drawWeights(model, ({ std }, { name, count, shape }) => {
    if (model.name !== "gpt") return normals(seed, name, count, std);
    const isEmbedding = name === "wte.weight" || name === "wpe.weight";
    const inputs = name === "lm_head.weight" ? shape[1] : shape[0];
    return normals(seed, name, count, isEmbedding ? 1 : 1 / Math.sqrt(3 * inputs));
  });
}

/** Looks up a row of logits for each token in a table. */
const bigram: LogitsFunction = (scope, tokens, { vocabSize }) => {
  return gather(scope.param("logits", [vocabSize, vocabSize], { kind: "zeros" }), tokens);
};

/**
 * Puts the embeddings of the last `seqLen` tokens side by side; positions before the first token share one
 * extra embedding.
 */
const mlp: LogitsFunction = (scope, tokens, { vocabSize, seqLen, channels, hidden }) => {
  const contexts = contextsOf(tokens, { length: seqLen, blank: vocabSize });
  const x = gather(table(scope.at("wte"), [vocabSize + 1, channels]), contexts);
  const wide = reshape(x, [...tokens.shape, seqLen * channels]);
  return linear(scope.at("mlp.2"), tanh(linear(scope.at("mlp.0"), wide, hidden)), vocabSize);
};

/** Applies a recurrent cell at every position to the state at the previous position. */
const rnn: LogitsFunction = (scope, tokens, sizes) => {
  const cell = scope.at("cell");
  return recurrent(scope, tokens, sizes, (x, state) => {
    return tanh(linear(cell.at("xh_to_h"), concat([x, state]), sizes.hidden));
  });
};

/**
 * Applies a gated cell: `reset` is the part of the state that the candidate uses, `z` the part that the
 * candidate replaces.
 */
const gru: LogitsFunction = (scope, tokens, sizes) => {
  const cell = scope.at("cell"), { hidden } = sizes;
  return recurrent(scope, tokens, sizes, (x, state) => {
    const both = concat([x, state]);
    const reset = sigmoid(linear(cell.at("xh_to_r"), both, hidden));
    const candidate = tanh(linear(cell.at("xh_to_hbar"), concat([x, mul(reset, state)]), hidden));
    const z = sigmoid(linear(cell.at("xh_to_z"), both, hidden));
    return add(state, mul(z, sub(candidate, state)));
  });
};

/**
 * Applies a cell with an output state and a memory; it has gates for input, forgetting and output. Source:
 * Hochreiter and Schmidhuber 1997.
 */
const lstm: LogitsFunction = (scope, tokens, sizes) => {
  const cell = scope.at("cell"), { hidden } = sizes;
  const part = (of: Tensor, i: number) => narrow(of, { axis: 1, start: i * hidden, length: hidden });
  return recurrent(scope, tokens, { ...sizes, width: 2 * hidden }, (x, state) => {
    const gates = linear(cell.at("xh_to_gates"), concat([x, part(state, 0)]), 4 * hidden);
    const [input, forget, output] = [0, 1, 2].map((i) => sigmoid(part(gates, i)));
    const memory = add(mul(forget, part(state, 1)), mul(input, tanh(part(gates, 3))));
    return concat([mul(output, tanh(memory)), memory]);
  });
};

/**
 * Computes a bag of words: to the embedding at each position it adds the mean of the embeddings so far, and
 * then the output of a small MLP.
 */
const bow: LogitsFunction = (scope, tokens, { vocabSize, seqLen, channels, hidden }) => {
  const [batch, time] = tokens.shape;
  const positions = slice(table(scope.at("wpe"), [seqLen, channels]), { start: 0, length: time });
  let x = add(gather(table(scope.at("wte"), [vocabSize, channels]), tokens), positions);
  const block = scope.at("context_block");
  // Softmax of equal scores gives equal weights, so that the product below is a mean.
  const [equalScores] = x.graph.call(fillOp, [x], { value: 0, shape: [time, time] });
  const weights = softmax(equalScores, { causal: true });
  const byTime = reshape(permute(x, [1, 0, 2]), [time, batch * channels]);
  x = add(x, permute(reshape(matmul(weights, byTime), [time, batch, channels]), [1, 0, 2]));
  const mlp = block.at("mlp");
  x = add(x, linear(mlp.at("c_proj"), tanh(linear(mlp.at("c_fc"), x, hidden)), channels));
  return linear(scope.at("lm_head"), x, vocabSize);
};

/**
 * Applies `cell` at every position. The cell's state has `width` numbers (default: `hidden`); the first
 * `hidden` numbers are the cell's output.
 */
function recurrent(
  scope: Scope,
  tokens: Tensor,
  { vocabSize, channels, hidden, width = hidden }: Sizes & { readonly width?: number },
  cell: (x: Tensor, state: Tensor) => Tensor,
): Tensor {
  const [batch, time] = tokens.shape, wte = table(scope.at("wte"), [vocabSize, channels]);
  const start = scope.param("start", [1, width], { kind: "zeros" });
  let state = broadcast(start, { shape: [batch, width], from: 0, to: 1 });
  const states = Array.from({ length: time }, (_, t) => {
    const current = reshape(narrow(tokens, { axis: 1, start: t, length: 1 }), [batch]);
    state = cell(gather(wte, current), state);
    const output = width === hidden ? state : narrow(state, { axis: 1, start: 0, length: hidden });
    return reshape(output, [batch, 1, hidden]);
  });
  return linear(scope.at("lm_head"), concat(states, { axis: 1 }), vocabSize);
}

function table(scope: Scope, shape: readonly [number, number]): Tensor {
  return scope.param("weight", shape, { kind: "normal", std: 1 });
}

function linear(scope: Scope, x: Tensor, outputs: number): Tensor {
  const inputs = x.shape[x.shape.length - 1],
    init = { kind: "normal", std: 1 / Math.sqrt(3 * inputs) } as const;
  const weight = scope.param("weight", [inputs, outputs], init), bias = scope.param("bias", [outputs], init);
  return affine(x, { weight, bias });
}
