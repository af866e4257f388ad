/**
 * Lesson 4: how large the activations and gradients in a net are, and why their size decides how well the net
 * learns. Problems with the initial weights are fixed one after the other, the last of them by batch norm.
 * Then a deep net is inspected.
 *
 * Sources: Andrej Karpathy's lecture "Building makemore part 3: activations & gradients, BatchNorm"; He et
 * al. 2015; Ioffe and Szegedy 2015.
 *
 * @module
 */
import { integer } from "./cli/option_types.ts";
import { compareVersions, withBatchNorm } from "./lesson/batchnorm/batch_norm.ts";
import {
  batchNormSetup,
  fullRun,
  notebook,
  shortRun,
  type VersionLosses,
} from "./lesson/batchnorm/batchnorm_nets.ts";
import { foldedBatchNorm, zeroWeights } from "./lesson/batchnorm/batchnorm_solutions.ts";
import { deepNet } from "./lesson/batchnorm/deep_net.ts";
import { kaiming, lessSaturated, tooConfident } from "./lesson/batchnorm/initial_weights.ts";
import { unscaledLinear } from "./lesson/batchnorm/unscaled_linear.ts";
import { weightScales } from "./lesson/batchnorm/weight_scales.ts";
import { names } from "./lesson/data.ts";
import { notGiven } from "./parts/options/requirements.ts";
import { lesson } from "./lesson/lesson.ts";

export default lesson({
  part: 4,
  module: import.meta.url,
  lecture: {
    title: "Building makemore Part 3: Activations & Gradients, BatchNorm",
    url: "https://www.youtube.com/watch?v=P6sfmUTpUmc",
  },
  next: "makemore-backprop",
  about: "activations and gradients: what initial weights do to a net, batch norm, inside a deep net",
  short: {
    text: `${shortRun.toLocaleString("en-US")} of the lecture's ${
      fullRun.toLocaleString("en-US")
    } steps for each of five nets`,
    unless: ({ steps }) => steps !== null,
  },
  seed: 2147483647,
  spares: ["workers", "blas"], // on the CPU, its small nets run on one thread in WASM
  data: names,
  options: {
    steps: integer(
      `training steps of each of the five nets; default: ${shortRun.toLocaleString("en-US")}, with --full ${
        fullRun.toLocaleString("en-US")
      }`,
      { value: null, min: 100, group: "Lesson" },
    ),
  },
  fullRequires: notGiven("steps", "a command without --steps"),
  async *run(o, env) {
    const setup = await batchNormSetup(env, o), versions: VersionLosses[] = [];
    versions.push(...yield* tooConfident(setup));
    versions.push(yield* lessSaturated(setup));
    versions.push(yield* kaiming(setup));
    versions.push(yield* withBatchNorm(setup));
    yield* compareVersions(versions, setup);
    yield* deepNet(setup);
    yield* weightScales(setup);
    yield* unscaledLinear({ seed: o.seed, source: notebook, mayDiffer: setup.mayDiffer });
  },
  exercises: {
    E01: {
      ask:
        "Start with all weights and biases at 0 and train. The net learns, but only partly, and ends with a high loss. Which part learns, and why?",
      uses: ["source", "seed", "device"],
      async *solution(o, env) {
        yield* zeroWeights(await batchNormSetup(env, o));
      },
    },
    E02: {
      ask:
        "After training, batch norm can be folded into the linear layer before it. Compute the new weight and bias of that layer, leave batch norm out, and show that the forward pass gives the same logits.",
      uses: ["source", "seed", "device"],
      async *solution(o, env) {
        yield* foldedBatchNorm(await batchNormSetup(env, o));
      },
    },
  },
});
