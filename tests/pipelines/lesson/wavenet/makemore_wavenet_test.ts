/** The WaveNet lesson on a few steps: what does not need its length is the lecture's to the digit. */
import { deepStrictEqual, match, ok, strictEqual } from "node:assert/strict";
import { openCpu } from "../../../../kernels/engine/cpu/cpu_engine.ts";
import { openReference } from "../../../../kernels/engine/reference.ts";
import { countParameters } from "../../../../kernels/models/model.ts";
import { wavenet } from "../../../../kernels/models/course/name_nets.ts";
import { Letters, splitWords } from "../../../../pipelines/lesson/letters.ts";
import {
  batch,
  buffersOf,
  shapesOf,
  trainedOnNames,
} from "../../../../pipelines/lesson/wavenet/name_nets.ts";
import type { Item } from "../../../../pipelines/lesson/item.ts";
import { lossesTwice } from "../../../../pipelines/lesson/wavenet/wavenet_float64.ts";
import { gatedWavenet } from "../../../../pipelines/lesson/wavenet/wavenet_solutions.ts";
import makemoreWavenet from "../../../../pipelines/makemore_wavenet.ts";
import { sharedTest } from "../../../shared_data.ts";
import { runLesson } from "../run_lesson.ts";

const words = "ada bob eve ida ian mia leo lea ana ava eva zoe noa ben tom tim sam".split(" ");

/** What a generator of items returns. */
async function resultOf<T>(items: AsyncGenerator<Item, T>): Promise<T> {
  let next = await items.next();
  while (!next.done) next = await items.next();
  return next.value;
}

/** A file with the first of the lecture's names, which is gone afterwards: evaluation takes long on all of them. */
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
  "makemore-wavenet has the lecture's parameters and shapes, shows the fault, and its solution runs",
  ["text/names.txt"],
  (path) =>
    withFewNames(path("text/names.txt"), async (source) => {
      const { outcomes, text } = await runLesson(makemoreWavenet, { source, values: { steps: 20 } });
      deepStrictEqual(
        outcomes.filter((outcome) => /^(parameters|values)/.test(outcome)),
        [
          ...[12_097, 22_097, 22_397].map((n) => `parameters: ${n}, lecture ${n}: not compared`),
          "values in the first running mean: the fault, mended: 272, 68, lecture 272, 68: same",
          "parameters: 76579, lecture 76579: not compared",
        ],
      );
      ok(!outcomes.some((outcome) => outcome.endsWith(": differs")), outcomes.join("\n"));
      match(text, /BatchNorm 1 +\[4, 68\] +\[68\]/);
      match(text, /differ\s+from\s+those\s+of\s+float32\s+by\s+[1-9]e-[678]\s+at\s+most/);
      const solution = await runLesson(makemoreWavenet, { source, solution: "E01", values: { steps: 20 } });
      match(solution.outcomes[0], /below 1.993: not compared/);
    }),
);

sharedTest("wavenet() begins as the notebook's and learns as it does", ["text/names.txt"], async (path) => {
  const words = (await Deno.readTextFile(path("text/names.txt"))).split("\n"), letters = new Letters(words);
  const options = {
    engine: await openCpu({ threads: 1 }),
    words: splitWords(words).train,
    letters,
    seed: 42,
  };
  const { ours, exact } = await resultOf(lossesTwice(wavenet(), { ...options, steps: 4, batch }));
  strictEqual(ours[0].toFixed(4), "3.3167"); // the notebook's
  ours.forEach((loss, i) => ok(Math.abs(loss - exact[i]) < 1e-6, `step ${i}`));
});

Deno.test("wavenet() halves the letters in each layer; the fault keeps statistics for each position", () => {
  const net = wavenet(), gated = gatedWavenet({ vocabSize: 27, channels: 24, hidden: 96, depth: 3 });
  strictEqual(countParameters(net), 76_579);
  deepStrictEqual(shapesOf(net, 4).filter((shape) => shape.length === 3 || shape[1] === 27), [
    [4, 8, 24],
    ...[[4, 4, 48], ...Array(3).fill([4, 4, 128])],
    ...[[4, 2, 256], ...Array(3).fill([4, 2, 128])],
    [4, 27],
  ]);
  deepStrictEqual(shapesOf(gated, 4).at(-1), [4, 27]);
  const sizes = (perPosition: boolean): number[] =>
    [...buffersOf(wavenet({ perPosition })).values()].map(([n]) => n);
  deepStrictEqual(sizes(false), Array(6).fill(128));
  deepStrictEqual(sizes(true), [512, 512, 256, 256, 128, 128]);
});

Deno.test("trainedOnNames() is the same in float64 but for rounding, and the same each time", async () => {
  const letters = new Letters(words), engine = await openCpu({ threads: 1 });
  const net = gatedWavenet({ vocabSize: letters.count, channels: 4, hidden: 6, depth: 2 });
  const given = { words, letters, seed: 3, steps: 25, names: 3, weightDecay: .01 };
  const [one, again, exact] = [
    await resultOf(trainedOnNames(net, { ...given, engine })),
    await resultOf(trainedOnNames(net, { ...given, engine })),
    await resultOf(trainedOnNames(net, { ...given, engine: openReference() })),
  ];
  deepStrictEqual(again.curve, one.curve);
  deepStrictEqual(again.drawn, one.drawn);
  deepStrictEqual(exact.drawn, one.drawn);
  for (const [i, loss] of one.curve.entries()) ok(Math.abs(loss - exact.curve[i]) < 1e-5, `step ${i}`);
  ok(one.curve[24] < one.curve[0]);
  for (const name of ["train", "dev", "test"] as const) {
    ok(Math.abs(one.losses[name] - exact.losses[name]) < 1e-5, name);
  }
});
