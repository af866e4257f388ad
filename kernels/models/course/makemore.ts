/**
 * The models of makemore.py, and an LSTM: they predict the next token at every position. Sizes and names as there; where that begins
 * with uniform weights, these begin with normal ones of the same variance.
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

/** Sizes of the family; defaults as makemore.py's. */
export interface MakemoreConfig {
  /** Tokens. */
  readonly vocabSize: number;
  /** The longest sequence. */
  readonly seqLen: number;
  /** `--n-layer`, of the transformer; default 4. */
  readonly layers?: number;
  /** `--n-head`, of the transformer; default 4. */
  readonly heads?: number;
  /** `--n-embd`; default 64. */
  readonly channels?: number;
  /** Share that the transformer drops in training; default 0. */
  readonly dropout?: number;
  /** `--n-embd2`, of hidden layers and states; default 64. */
  readonly hidden?: number;
}

/** `--type`: makemore.py's, and char-rnn's lstm. */
export const makemoreTypes = ["bigram", "mlp", "rnn", "gru", "lstm", "bow", "transformer"] as const;

/** One of the family. */
export type MakemoreType = typeof makemoreTypes[number];

type Sizes = Required<MakemoreConfig>;
type LogitsFunction = (scope: Scope, tokens: Tensor, sizes: Sizes) => Tensor;

/** A model of the family. Its `forward` gives logits [B, T, V]. */
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
 * First weights by the seed, as torch begins its modules: tables of std 1, matrices and their biases of the variance of its
 * uniform numbers. So the transformer too, which learns in half the steps with them than with GPT-2's 0.02.
 */
export function makemoreWeights(model: Model<MakemoreConfig>, seed: number): TensorMap {
  return drawWeights(model, ({ std }, { name, count, shape }) => {
    if (model.name !== "gpt") return normals(seed, name, count, std);
    const isTable = name === "wte.weight" || name === "wpe.weight";
    const into = name === "lm_head.weight" ? shape[1] : shape[0];
    return normals(seed, name, count, isTable ? 1 : 1 / Math.sqrt(3 * into));
  });
}

/** A table of logits. */
const bigram: LogitsFunction = (scope, tokens, { vocabSize }) => {
  return gather(scope.param("logits", [vocabSize, vocabSize], { kind: "zeros" }), tokens);
};

/** The last seqLen tokens' embeddings side by side, those before the beginning one of their own. */
const mlp: LogitsFunction = (scope, tokens, { vocabSize, seqLen, channels, hidden }) => {
  const seen = contextsOf(tokens, { length: seqLen, blank: vocabSize });
  const x = gather(table(scope.at("wte"), [vocabSize + 1, channels]), seen);
  const wide = reshape(x, [...tokens.shape, seqLen * channels]);
  return linear(scope.at("mlp.2"), tanh(linear(scope.at("mlp.0"), wide, hidden)), vocabSize);
};

/** A cell at every position, from the state before it. */
const rnn: LogitsFunction = (scope, tokens, sizes) => {
  const cell = scope.at("cell");
  return recurrent(scope, tokens, sizes, (x, state) => {
    return tanh(linear(cell.at("xh_to_h"), concat([x, state]), sizes.hidden));
  });
};

/** Gated: how much of the state is forgotten, how much of it stays. */
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

/** A state to show and a memory beside it: what is let in, kept and shown. Source: Hochreiter and Schmidhuber 1997. */
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

/** The mean of all positions so far is added to each, then what a small net makes of it. */
const bow: LogitsFunction = (scope, tokens, { vocabSize, seqLen, channels, hidden }) => {
  const [batch, time] = tokens.shape;
  const positions = slice(table(scope.at("wpe"), [seqLen, channels]), { start: 0, length: time });
  let x = add(gather(table(scope.at("wte"), [vocabSize, channels]), tokens), positions);
  const block = scope.at("context_block");
  const [alike] = x.graph.call(fillOp, [x], { value: 0, shape: [time, time] }); // softmax makes means of them
  const weights = softmax(alike, { causal: true });
  const byTime = reshape(permute(x, [1, 0, 2]), [time, batch * channels]);
  x = add(x, permute(reshape(matmul(weights, byTime), [time, batch, channels]), [1, 0, 2]));
  const mlp = block.at("mlp");
  x = add(x, linear(mlp.at("c_proj"), tanh(linear(mlp.at("c_fc"), x, hidden)), channels));
  return linear(scope.at("lm_head"), x, vocabSize);
};

/** `cell` at every position; of its state of `width` numbers (default: hidden) the first `hidden` are shown. */
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
    const now = reshape(narrow(tokens, { axis: 1, start: t, length: 1 }), [batch]);
    state = cell(gather(wte, now), state);
    const shown = width === hidden ? state : narrow(state, { axis: 1, start: 0, length: hidden });
    return reshape(shown, [batch, 1, hidden]);
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
