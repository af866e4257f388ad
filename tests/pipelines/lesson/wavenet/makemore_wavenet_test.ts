/** Tests the WaveNet lesson in runs of a few steps. */
import { deepStrictEqual, match, ok, strictEqual } from "node:assert/strict";
import { openCpu } from "../../../../kernels/engine/cpu/cpu_engine.ts";
import { openReference } from "../../../../kernels/engine/reference.ts";
import { countParameters } from "../../../../kernels/models/model.ts";
import { wavenet } from "../../../../kernels/models/course/name_nets.ts";
import { Letters, splitWords } from "../../../../pipelines/lesson/letters.ts";
import { layerShapes, runningShapes } from "../../../../pipelines/lesson/wavenet/net_shapes.ts";
import { trainOnNames } from "../../../../pipelines/lesson/wavenet/train_on_names.ts";
import type { Item } from "../../../../pipelines/lesson/item.ts";
import { lossesInBothPrecisions } from "../../../../pipelines/lesson/wavenet/float64_section.ts";
import { gatedWavenet } from "../../../../pipelines/lesson/wavenet/wavenet_solutions.ts";
import makemoreWavenet from "../../../../pipelines/makemore_wavenet.ts";
import { sharedTest } from "../../../shared_data.ts";
import { runLesson } from "../run_lesson.ts";

const words = "ada bob eve ida ian mia leo lea ana ava eva zoe noa ben tom tim sam".split(" ");

/** Runs a generator of items to its end and returns its result. */
async function resultOf<T>(items: AsyncGenerator<Item, T>): Promise<T> {
  let next = await items.next();
  while (!next.done) next = await items.next();
  return next.value;
}

/**
 * Runs `work` with a temporary file of 2,000 of the lecture's names, because evaluation on all names takes
 * long.
 */
async function withFewNames(path: string, work: (source: string) => Promise<void>): Promise<void> {
  const source = await Deno.makeTempFile({ suffix: ".txt" });
  try {
    const names = (await Deno.readTextFile(path)).split("\n");
    await Deno.writeTextFile(source, names.slice(0, 2000).join("\n"));
    await work(source);
  } finally {
    await Deno.remove(source);
  }
}

sharedTest(
  "makemore-wavenet has the lecture's parameter counts and shapes, shows the bug, and its solution runs",
  ["text/names.txt"],
  (path) =>
    withFewNames(path("text/names.txt"), async (source) => {
      const { outcomes, text } = await runLesson(makemoreWavenet, { source, values: { steps: 20 } });
      deepStrictEqual(
        outcomes.filter((outcome) => /^(parameters|values)/.test(outcome)),
        [
          ...[12_097, 22_097, 22_397].map((n) => `parameters: ${n}, lecture ${n}: not compared`),
          "values in the first running mean: with the bug, without it: 272, 68, lecture 272, 68: same",
          "parameters: 76579, lecture 76579: not compared",
        ],
      );
      ok(!outcomes.some((outcome) => outcome.endsWith(": differs")), outcomes.join("\n"));
      match(text, /BatchNorm 1 +\[4, 68\] +\[68\]/);
      match(text, /differ\s+from\s+those\s+in\s+float64\s+by\s+at\s+most\s+[1-9]e-[678]\./);
      match(text, /0\.\d{4}\s+(lower|higher)\s+than\s+that\s+of\s+the\s+flat\s+net/);
      const solution = await runLesson(makemoreWavenet, { source, solution: "E01", values: { steps: 20 } });
      match(solution.outcomes[0], /below 1.993: not compared/);
    }),
);

sharedTest(
  "wavenet() has the notebook's initial loss, and its losses agree with float64",
  ["text/names.txt"],
  async (path) => {
    const words = (await Deno.readTextFile(path("text/names.txt"))).split("\n"), letters = new Letters(words);
    const options = {
      engine: await openCpu({ threads: 1 }),
      words: splitWords(words).train,
      letters,
      seed: 42,
    };
    const { float32, float64 } = await resultOf(lossesInBothPrecisions(wavenet(), { ...options, steps: 4 }));
    strictEqual(float32[0].toFixed(4), "3.3167"); // as in the notebook
    float32.forEach((loss, i) => ok(Math.abs(loss - float64[i]) < 1e-6, `step ${i}`));
  },
);

Deno.test("wavenet() halves the number of vectors in each layer; with the bug it has statistics for each position", () => {
  const net = wavenet(), gated = gatedWavenet({ vocabSize: 27, channels: 24, hidden: 96, depth: 3 });
  strictEqual(countParameters(net), 76_579);
  deepStrictEqual(layerShapes(net, 4).filter((shape) => shape.length === 3 || shape[1] === 27), [
    [4, 8, 24],
    ...[[4, 4, 48], ...Array(3).fill([4, 4, 128])],
    ...[[4, 2, 256], ...Array(3).fill([4, 2, 128])],
    [4, 27],
  ]);
  deepStrictEqual(layerShapes(gated, 4).at(-1), [4, 27]);
  const sizes = (perPosition: boolean): number[] =>
    [...runningShapes(wavenet({ perPosition })).values()].map(([n]) => n);
  deepStrictEqual(sizes(false), Array(6).fill(128));
  deepStrictEqual(sizes(true), [512, 512, 256, 256, 128, 128]);
});

Deno.test("trainOnNames() gives the same result each time, and agrees with float64", async () => {
  const letters = new Letters(words), engine = await openCpu({ threads: 1 });
  const net = gatedWavenet({ vocabSize: letters.count, channels: 4, hidden: 6, depth: 2 });
  const training = { words, letters, seed: 3, steps: 25, nameCount: 3, weightDecay: .01 };
  const [one, again, exact] = [
    await resultOf(trainOnNames(net, { ...training, engine })),
    await resultOf(trainOnNames(net, { ...training, engine })),
    await resultOf(trainOnNames(net, { ...training, engine: openReference() })),
  ];
  deepStrictEqual(again.curve, one.curve);
  deepStrictEqual(again.names, one.names);
  deepStrictEqual(exact.names, one.names);
  for (const [i, loss] of one.curve.entries()) ok(Math.abs(loss - exact.curve[i]) < 1e-5, `step ${i}`);
  ok(one.curve[24] < one.curve[0]);
  for (const name of ["train", "dev", "test"] as const) {
    ok(Math.abs(one.losses[name] - exact.losses[name]) < 1e-5, name);
  }
});
