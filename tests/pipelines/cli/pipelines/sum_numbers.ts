/**
 * A pipeline that resembles a training run but has no model: in each "step" it adds an even number to a sum.
 * @module
 */
import { flag, integer } from "../../../../pipelines/cli/option_types.ts";
import { planLines } from "../../../../pipelines/parts/plan_lines.ts";
import { presets, trainingPresets } from "../../../../pipelines/parts/options/presets.ts";
import { modelOptions } from "../../../../pipelines/parts/options/model_options.ts";
import { trainingOptions } from "../../../../pipelines/parts/options/training_options.ts";
import { pipeline } from "../../../../pipelines/cli/pipeline.ts";
import { from } from "../../../../stages/flow/flow.ts";
import { rule, type Source, type Stage, takeCheckpoint } from "../../../../stages/flow/stage.ts";

const numbers: Source<number, { next: number }> = {
  name: "numbers",
  open: (_ctx, saved = { next: 0 }) => saved,
  *read(state) {
    while (true) yield state.next++;
  },
};

/** The preset of this machine, with as many layers as the tests of this folder expect. */
const tiny = { about: presets.tiny.about, options: { ...presets.tiny.options, layers: 4 } };

interface Options {
  readonly steps: number | null;
  readonly lr: number;
  readonly saveEvery: number;
  readonly hang: boolean;
}

function adding({ steps, lr, saveEvery, hang }: Options): Stage<number, number> {
  return {
    name: "adding",
    takesCheckpoints: true,
    open: (_ctx, saved = { step: 0, sum: 0 }) => saved,
    async *push(item, state, ctx) {
      if (hang) {
        ctx.emit({ type: "note", text: "step 1 hangs" });
        await new Promise((resolve) => setTimeout(resolve, 100_000));
      }
      state.sum += item * lr;
      const step: number = state.step++;
      const tokens = state.step;
      ctx.emit({
        type: "step",
        step,
        loss: state.sum,
        gradNorm: 1,
        lr,
        tokens,
        tokensPerSecond: 1,
        elapsed: step,
      });
      yield state.sum;
      if (state.step % saveEvery === 0 || state.step === steps) yield takeCheckpoint;
    },
    done: (state) => state.step === steps,
  };
}

export default pipeline({
  about: "numbers to their sum",
  options: {
    steps: trainingOptions.steps,
    timeLimit: trainingOptions.timeLimit,
    lr: trainingOptions.lr,
    scheduleSteps: trainingOptions.scheduleSteps,
    layers: modelOptions.layers,
    heads: modelOptions.heads,
    saveEvery: integer("steps between checkpoints", { value: 5, min: 1 }),
    hang: flag("never finish a step", { value: false }),
    fail: flag("fail while running", { value: false }),
  },
  build(values, env) {
    if (values.layers % values.heads !== 0) {
      throw new RangeError(`Cannot divide ${values.layers} layers by ${values.heads} heads: give a multiple`);
    }
    env.emit({ type: "run", pipeline: "", parameters: 12 });
    return from(numbers)
      .pipe(rule("even", (n: number) => n % 2 === 0 ? null : "odd"))
      .pipe(rule("sound", (n: number) => {
        if (values.fail && n === 8) {
          throw new Error("Number 8 is broken", { cause: new Error("it is round") });
        }
        return null;
      }))
      .pipe(adding(values));
  },
  presets: { ...trainingPresets, byName: { ...trainingPresets.byName, tiny } },
  plan: () =>
    planLines({
      parameterCount: 12,
      memory: { parameter: 2048, gradient: 1024 },
      flopsPerStep: 3e9,
      tokensPerStep: 1,
    }),
  finish: (_values, env) => [`Next: look into ${env.out}`],
});
