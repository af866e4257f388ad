/**
 * Losses of preferences between two answers, as functions of the answers' log probabilities. Sources: DPO of
 * Rafailov et al. 2023, IPO of Azar et al. 2023, hinge of Zhao et al. 2023, robust DPO of Chowdhury et al.
 * 2024; the sums are those of TRL.
 *
 * @module
 */

/** The losses. */
export const preferenceLosses = ["sigmoid", "ipo", "hinge", "robust"] as const;

/** The name of a loss. */
export type PreferenceLoss = typeof preferenceLosses[number];

/** An answer: the sum of its tokens' log probabilities under the policy and the reference, in nats. */
export interface ScoredAnswer {
  readonly policy: number;
  readonly reference: number;
  /** Number of tokens. */
  readonly length: number;
}

/** Two answers to one prompt. */
export interface ScoredPair {
  readonly chosen: ScoredAnswer;
  readonly rejected: ScoredAnswer;
}

/** A loss of a pair and its derivatives. */
export interface PairLoss {
  /** Loss of the pair. */
  readonly loss: number;
  /** Derivative with respect to the log probability of each token of the chosen answer. */
  readonly chosen: number;
  /** Derivative with respect to the log probability of each token of the rejected answer. */
  readonly rejected: number;
  /** `beta` times the log ratio of the chosen answer to the reference. */
  readonly chosenReward: number;
  /** The same of the rejected answer. */
  readonly rejectedReward: number;
}

/**
 * Returns the loss of a pair. `smoothing` is the share of labels that the loss `robust` takes to be wrong;
 * default 0.1. Throws RangeError unless `beta` is above 0, and for a smoothing of half or more.
 */
export function preferenceLoss(
  { chosen, rejected }: ScoredPair,
  { kind, beta, smoothing = 0.1 }: {
    readonly kind: PreferenceLoss;
    readonly beta: number;
    readonly smoothing?: number;
  },
): PairLoss {
  if (!(beta > 0 && Number.isFinite(beta)) || !(smoothing >= 0 && smoothing < 0.5)) {
    throw new RangeError(
      `Cannot compare answers with beta ${beta} and smoothing ${smoothing}: expected beta above 0, and smoothing from 0 to below 0.5`,
    );
  }
  const ratio = ({ policy, reference }: ScoredAnswer) => policy - reference;
  const [up, down] = kind === "ipo" ? [1 / chosen.length, 1 / rejected.length] : [1, 1];
  const margin = up * ratio(chosen) - down * ratio(rejected);
  const { loss, slope } = lossOf(margin, { kind, beta, smoothing });
  return {
    loss,
    chosen: slope * up,
    rejected: -slope * down,
    chosenReward: beta * ratio(chosen),
    rejectedReward: beta * ratio(rejected),
  };
}

/** Returns the loss of a margin and its derivative. */
function lossOf(
  margin: number,
  { kind, beta, smoothing }: {
    readonly kind: PreferenceLoss;
    readonly beta: number;
    readonly smoothing: number;
  },
): { readonly loss: number; readonly slope: number } {
  const scaled = beta * margin;
  switch (kind) {
    case "sigmoid":
      return { loss: softplus(-scaled), slope: -beta * sigmoid(-scaled) };
    case "ipo": {
      const distance = margin - 1 / (2 * beta);
      return { loss: distance ** 2, slope: 2 * distance };
    }
    case "hinge":
      return { loss: Math.max(0, 1 - scaled), slope: scaled < 1 ? -beta : 0 };
    case "robust": {
      const share = 1 - 2 * smoothing;
      return {
        loss: ((1 - smoothing) * softplus(-scaled) - smoothing * softplus(scaled)) / share,
        slope: -beta * ((1 - smoothing) * sigmoid(-scaled) + smoothing * sigmoid(scaled)) / share,
      };
    }
  }
}

function sigmoid(x: number): number {
  return 1 / (1 + Math.exp(-x));
}

/** `log(1 + exp(x))`, without overflow. */
function softplus(x: number): number {
  return Math.max(x, 0) + Math.log1p(Math.exp(-Math.abs(x)));
}
