/**
 * Muon: orthogonalized momentum steps for the matrices between embedding and head, and AdamW for all other
 * parameters.
 * Source: Jordan et al. 2024, https://kellerjordan.github.io/posts/muon.
 *
 * @module
 */
import { fill } from "../core/gradient_ops.ts";
import type { NamedSpec } from "../core/pack.ts";
import type { Pack } from "../core/graph.ts";
import { scale as times } from "../ops/elementwise/scale.ts";
import { nesterov } from "../ops/update/nesterov.ts";
import { sgdStep } from "../ops/update/sgd.ts";
import { adamw, type AdamWOptions } from "./adamw.ts";
import type { Optimizer } from "./optimizer.ts";
import { orthogonalize } from "./orthogonalize.ts";

/** Muon's constants, with AdamW's for the parameters that are not hidden matrices. */
export interface MuonOptions extends AdamWOptions {
  /** Fraction of the velocity that is kept from one step to the next; default 0.95. */
  readonly momentum?: number;
  /**
   * Learning rate of hidden matrices, as a multiple of the learning rate that each update gets; default 1.
   */
  readonly rate?: number;
  /**
   * What the rows of hidden matrices stand for: inputs, as in GPT-2, whose weights are [in, out], or outputs,
   * as in the Llama family. Default inputs.
   */
  readonly rows?: "inputs" | "outputs";
}

/**
 * Returns whether a parameter is a matrix, but neither the embedding nor the head. Embedding and head hold
 * one vector per token, and making these vectors orthogonal would have no meaning.
 */
export function isHiddenMatrix({ label, shape }: NamedSpec): boolean {
  return shape.length === 2 && !/(^|\.)(wte|wpe|lm_head|embed_tokens|value_embeds\.\d+)\.weight$/.test(label);
}

/**
 * Returns Muon, which stores the velocity of hidden matrices in `<param>/velocity` and AdamW's moments as
 * `adamw` does. The step of a hidden matrix is orthogonal, multiplied by the learning rate of hidden matrices
 * and by `√max(1, out / in)`; the weight decay is multiplied by this learning rate, but not by the root.
 * Throws RangeError unless the momentum is at least 0 and less than 1 and the rate is greater than 0. Also
 * throws the errors of `adamw()`.
 *
 * @example
 * ```ts
 * import { gpt, muon, plan } from "@stagewise/gpt";
 *
 * const model = gpt({ layers: 1, heads: 1, channels: 16, seqLen: 8, vocabSize: 257 });
 * const planned = plan({ model, training: { optimizer: muon(), shape: [1, 4, 8], clip: 0 } });
 * console.log(planned.tokensPerStep); // 32
 * ```
 */
export function muon(options: MuonOptions = {}): Optimizer {
  const { momentum = 0.95, rate = 1, weightDecay = 0.1, rows: kind = "inputs" } = options,
    others = adamw(options);
  if (!(momentum >= 0 && momentum < 1)) {
    throw new RangeError(`Cannot use Muon with momentum ${momentum}: wanted at least 0 and less than 1`);
  }
  if (!(rate > 0 && Number.isFinite(rate))) {
    throw new RangeError(`Cannot use Muon at ${rate} times the learning rate: wanted a number above 0`);
  }
  return {
    name: "muon",
    separate: isHiddenMatrix,
    update(scope, params, inputs) {
      if (!params.members.some(isHiddenMatrix)) return others.update(scope, params, inputs);
      const velocity = scope.state("velocity", params), lr = times(inputs.learningRate, rate);
      const member = ({ members, tensor }: Pack, i: number) =>
        scope.graph.leaf(members[i].label, members[i], tensor.kind);
      for (const i of params.members.keys()) {
        const grad = member(inputs.gradients, i), param = member(params, i), [rows, columns] = param.shape;
        const step = orthogonalize(nesterov(member(velocity, i), { grad, scale: inputs.scale, momentum }));
        const outPerIn = kind === "inputs" ? columns / rows : rows / columns;
        const size = fill(lr, Math.sqrt(Math.max(1, outPerIn)));
        sgdStep(param, { grad: step, lr, scale: size }, { momentum: 0, decay: weightDecay });
      }
    },
  };
}
