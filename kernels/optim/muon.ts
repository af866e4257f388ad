/**
 * Muon: momentum whose step is made orthogonal, for the matrices between embedding and head; AdamW for all else.
 * Source: Jordan et al. 2024, https://kellerjordan.github.io/posts/muon.
 *
 * @module
 */
import { fill } from "../core/gradient_ops.ts";
import type { NamedSpec } from "../core/pack.ts";
import type { Pack } from "../core/graph.ts";
import { scale as times } from "../ops/elementwise/arith.ts";
import { nesterov } from "../ops/update/nesterov.ts";
import { sgdStep } from "../ops/update/sgd.ts";
import { adamw, type AdamWOptions } from "./adamw.ts";
import type { Optimizer } from "./optimizer.ts";
import { orthogonalize } from "./orthogonalize.ts";

/** Muon's constants; AdamW's are for what is no hidden matrix. */
export interface MuonOptions extends AdamWOptions {
  /** Share of the velocity that stays; default 0.95. */
  readonly momentum?: number;
  /** The matrices' rate, as a multiple of the learning rate, which is that of AdamW; default 1. */
  readonly rate?: number;
}

/** A matrix that is neither embedding nor head: those have a row a token, and no use for rows of one length. */
export function isHiddenMatrix({ label, shape }: NamedSpec): boolean {
  return shape.length === 2 && !/(^|\.)(wte|wpe|lm_head)\.weight$/.test(label);
}

/**
 * Muon with the matrices' velocity in `<param>/velocity`, AdamW's moments as `adamw` has them. A matrix [in, out] goes
 * by its rate times √max(1, out / in), and decays by its rate. Throws RangeError for a momentum outside 0 … 1, a rate
 * that is not above 0, and as `adamw`.
 */
export function muon(options: MuonOptions = {}): Optimizer {
  const { momentum = 0.95, rate = 1, weightDecay = 0.1 } = options, others = adamw(options);
  if (!(momentum >= 0 && momentum < 1)) {
    throw new RangeError(`Cannot use Muon with momentum ${momentum}: wanted 0 to below 1`);
  }
  if (!(rate > 0 && Number.isFinite(rate))) {
    throw new RangeError(`Cannot use Muon at ${rate} times the learning rate: wanted a number above 0`);
  }
  return {
    name: "muon",
    apart: isHiddenMatrix,
    update(scope, params, now) {
      if (!params.members.some(isHiddenMatrix)) return others.update(scope, params, now);
      const velocity = scope.state("velocity", params), lr = times(now.learningRate, rate);
      const member = ({ members, tensor }: Pack, i: number) =>
        scope.graph.leaf(members[i].label, members[i], tensor.kind);
      for (const i of params.members.keys()) {
        const grad = member(now.gradients, i), param = member(params, i), [inputs, outputs] = param.shape;
        const step = orthogonalize(nesterov(member(velocity, i), { grad, scale: now.scale, momentum }));
        const size = fill(lr, Math.sqrt(Math.max(1, outputs / inputs)));
        sgdStep(param, { grad: step, lr, scale: size }, { momentum: 0, decay: weightDecay });
      }
    },
  };
}
