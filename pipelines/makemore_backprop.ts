/**
 * Lesson 5: the backward pass by hand. The gradient of every value between the letters and the loss is
 * computed by a handwritten line of code and compared with automatic differentiation. Then these lines are
 * simplified, and a net is trained with the simplified gradients alone.
 *
 * Source: Andrej Karpathy's lecture "Building makemore part 4: becoming a backprop ninja".
 *
 * @module
 */
import { backwardInSteps } from "../kernels/models/course/mlp_manual.ts";
import { integer } from "./cli/option_types.ts";
import { backpropSetup, firstForwardPass, fullRun, shortRun } from "./lesson/backprop/backprop_setup.ts";
import {
  batchNormFormula,
  crossEntropyFormula,
  everyGradient,
  forwardPassSection,
} from "./lesson/backprop/gradients_by_hand.ts";
import { compareWhileTraining, trainingByHand } from "./lesson/backprop/training_by_hand.ts";
import { names } from "./lesson/data.ts";
import { notGiven } from "./parts/options/requirements.ts";
import { lesson } from "./lesson/lesson.ts";

export default lesson({
  part: 5,
  module: import.meta.url,
  lecture: {
    title: "Building makemore Part 4: Becoming a Backprop Ninja",
    url: "https://www.youtube.com/watch?v=q8SA3rM6ckI",
  },
  next: "makemore-wavenet",
  about: "the backward pass by hand: all 26 gradients, their short forms, and a net that learns with them",
  short: {
    text: `${shortRun.toLocaleString("en-US")} of the lecture's ${
      fullRun.toLocaleString("en-US")
    } steps of training by hand`,
    unless: ({ steps }) => steps !== null,
  },
  seed: 2147483647,
  spares: ["device", "workers", "blas", "tune"], // float64 in this thread
  data: names,
  options: {
    steps: integer(
      `steps of training by hand; default: ${shortRun.toLocaleString("en-US")}, with --full ${
        fullRun.toLocaleString("en-US")
      }`,
      { value: null, min: 100, group: "Lesson" },
    ),
  },
  fullRequires: notGiven("steps", "a command without --steps"),
  async *run(o, env) {
    const setup = backpropSetup(env, o), { letters } = setup;
    const pass = yield* forwardPassSection(setup);
    const gradients = yield* everyGradient(pass);
    yield* crossEntropyFormula(pass, { gradients, letters });
    yield* batchNormFormula(pass, gradients);
    yield* trainingByHand(setup);
  },
  exercises: {
    E01: {
      ask:
        "Go back through the whole forward pass by hand, through every value just as it was computed. Compare each gradient with automatic differentiation.",
      uses: ["source", "seed"],
      async *solution(o, env) {
        yield* everyGradient(firstForwardPass(backpropSetup(env, o)));
      },
    },
    E02: {
      ask:
        "Go back through the cross entropy in one step: write the loss as a formula of the logits, differentiate it, and simplify.",
      uses: ["source", "seed"],
      *solution(o, env) {
        const setup = backpropSetup(env, o), { letters } = setup, pass = firstForwardPass(setup);
        yield* crossEntropyFormula(pass, { gradients: backwardInSteps(pass.net, pass), letters });
      },
    },
    E03: {
      ask:
        "Go back through batch norm in one step: find one formula that gives the gradient of its input from that of its output.",
      uses: ["source", "seed"],
      *solution(o, env) {
        const pass = firstForwardPass(backpropSetup(env, o));
        yield* batchNormFormula(pass, backwardInSteps(pass.net, pass));
      },
    },
    E04: {
      ask:
        "Put it all together and train with your own backward pass. Compare its gradients with automatic differentiation from time to time.",
      uses: ["source", "seed"],
      async *solution(o, env) {
        yield* compareWhileTraining(backpropSetup(env, o));
      },
    },
  },
});
