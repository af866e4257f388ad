/**
 * The five versions of the net in the lesson on batch norm, and the loss of each version in the lecture's
 * log.
 *
 * @module
 */
import { type ContextNet, mlp, mlpWithNorm } from "../../../kernels/models/course/name_nets.ts";

/** A version of the net. Each version makes one change to the previous version. */
export interface NetVersion {
  readonly name: string;
  /** How the initial weights or the layers are chosen; used in a sentence. */
  readonly change: string;
  /** Makes the net. */
  net(vocabSize: number): ContextNet;
  /** The lecture's losses after 200,000 steps. */
  readonly lecture: { readonly train: number; readonly dev: number };
}

const small = { std: .01, bias: 0 } as const;

/** The versions, from the net of the previous lesson to the net with batch norm. */
export const netVersions: readonly NetVersion[] = [
  {
    name: "as drawn",
    change: "all weights and biases are normal with standard deviation 1",
    net: (vocabSize) => mlp({ vocabSize }),
    lecture: { train: 2.1245, dev: 2.1682 },
  },
  {
    name: "softmax less confident",
    change: "`W2` times 0.01, `b2` is 0",
    net: (vocabSize) => mlp({ vocabSize, last: small }),
    lecture: { train: 2.07, dev: 2.13 },
  },
  {
    name: "tanh less saturated",
    change: "`W1` times 0.2, `b1` times 0.01",
    net: (vocabSize) => mlp({ vocabSize, first: { std: .2, bias: .01 }, last: small }),
    lecture: { train: 2.0356, dev: 2.1027 },
  },
  {
    name: "Kaiming",
    change: "`W1` times (5/3) / √30 instead of 0.2",
    net: (vocabSize) => mlp({ vocabSize, first: { gain: 5 / 3, bias: .01 }, last: small }),
    lecture: { train: 2.0377, dev: 2.1070 },
  },
  {
    name: "batch norm",
    change: "every hidden unit is normalized over the batch, then scaled and shifted; there is no `b1`",
    net: (vocabSize) => mlpWithNorm({ vocabSize }),
    lecture: { train: 2.0668, dev: 2.1048 },
  },
];

/** Loss of the last version at every 10,000th step, as printed in the notebook. */
export const publishedTrace: readonly number[] =
  "3.3239 2.0322 2.5675 2.0125 2.2446 1.8897 2.0785 2.3681 2.2918 2.0238 2.3673 2.3132 1.6414 1.9311 2.2231 2.0027 2.0997 2.4949 2.0199 2.1707"
    .split(" ").map(Number);
