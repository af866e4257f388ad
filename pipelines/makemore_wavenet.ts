/**
 * Lesson 6: a net that sees eight letters and joins them pair by pair, as WaveNet does, instead of joining
 * all of them at once.
 *
 * Sources: Andrej Karpathy's lecture "Building makemore part 5: building a WaveNet"; van den Oord et al.
 * 2016, "WaveNet: a generative model for raw audio".
 *
 * @module
 */
import { integer } from "./cli/option_types.ts";
import { names } from "./lesson/data.ts";
import { lesson } from "./lesson/lesson.ts";
import { Letters } from "./lesson/letters.ts";
import { engineForSmallNets, stepsReasonToDiffer } from "./lesson/net_training.ts";
import { netComparisonSection } from "./lesson/wavenet/comparison_section.ts";
import { lectureSteps, type WavenetInputs } from "./lesson/wavenet/compared_net.ts";
import { contextSection, layersSection } from "./lesson/wavenet/flat_sections.ts";
import { float64Section } from "./lesson/wavenet/float64_section.ts";
import { convolutionSection } from "./lesson/wavenet/tree_chart.ts";
import { bugSection, largerSection, pairsSection } from "./lesson/wavenet/tree_sections.ts";
import { gatedSolution } from "./lesson/wavenet/wavenet_solutions.ts";

export default lesson({
  part: 6,
  module: import.meta.url,
  lecture: {
    title: "Building makemore Part 5: Building a WaveNet",
    url: "https://www.youtube.com/watch?v=t3YJ5hKiMQ0",
  },
  next: "shakespeare",
  about: "names from eight letters of context, joined in pairs: a net as a list of layers, WaveNet's tree",
  short: {
    text: "20,000 of the lecture's 200,000 steps, 5,000 for the smaller nets",
    unless: ({ steps }) => steps !== null,
  },
  seed: 42,
  spares: ["workers", "blas"], // on the CPU, its small nets run on one thread in WASM
  data: names,
  options: {
    steps: integer(
      "steps of every net; default: 20,000 for the last net and 5,000 for the others, with --full 200,000",
      {
        value: null,
        min: 1,
        max: 10_000_000,
        group: "Lesson",
      },
    ),
  },
  fullRequires: { // the section on float64 also has another length
    option: "steps",
    accepts: (steps, { values }) => steps === null || values.solution === null,
    typed: "a command without --steps",
  },
  async *run(o, env) {
    const { words } = env.data, mayDiffer = env.reasonToDiffer();
    const steps = o.steps ?? (o.full ? lectureSteps : 20_000);
    const inputs: WavenetInputs = {
      words,
      letters: new Letters(words),
      engine: await engineForSmallNets(env),
      seed: o.seed,
      steps,
      smallNetSteps: o.steps ?? (o.full ? lectureSteps : 5_000),
      mayDiffer,
      lossMayDiffer: mayDiffer ?? stepsReasonToDiffer(steps, lectureSteps),
    };
    const threeLetters = yield* layersSection(inputs);
    const eightLetters = yield* contextSection(threeLetters, inputs);
    const withBug = yield* pairsSection(eightLetters, inputs);
    const withoutBug = yield* bugSection(withBug, inputs);
    const larger = yield* largerSection(inputs);
    const nets = [threeLetters, eightLetters, withBug, withoutBug, larger];
    yield* netComparisonSection(nets, { mayDiffer: inputs.lossMayDiffer });
    yield* convolutionSection();
    yield* float64Section({ ...inputs, steps: o.full ? 1000 : 10 });
  },
  exercises: {
    E01: {
      ask:
        "The lecture ends with a challenge: beat its validation loss of 1.993. Ideas: WaveNet's gates and residual connections, or other sizes and learning rates.",
      uses: ["source", "seed", "device", "steps", "full"],
      solution: (o, env) => gatedSolution(env, o.steps ?? (o.full ? 40_000 : 5_000)),
    },
  },
});
