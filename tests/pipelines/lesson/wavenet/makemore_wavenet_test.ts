/** Tests the parts of the WaveNet lesson. */
import { deepStrictEqual, ok, strictEqual } from "node:assert/strict";
import { openCpu } from "../../../../kernels/engine/cpu/cpu_engine.ts";
import { openReference } from "../../../../kernels/engine/reference.ts";
import { countParameters } from "../../../../kernels/models/model.ts";
import { mlp, wavenet } from "../../../../kernels/models/course/name_nets.ts";
import { Letters, splitWords } from "../../../../pipelines/lesson/letters.ts";
import { layerShapes, runningShapes } from "../../../../pipelines/lesson/wavenet/net_shapes.ts";
import { trainOnNames } from "../../../../pipelines/lesson/wavenet/train_on_names.ts";
import type { Item } from "../../../../pipelines/lesson/item.ts";
import { lossesInBothPrecisions } from "../../../../pipelines/lesson/wavenet/float64_section.ts";
import { treeChart } from "../../../../pipelines/lesson/wavenet/tree_chart.ts";
import { sizesAreAlike } from "../../../../pipelines/lesson/wavenet/wavenet_claims.ts";
import { gatedWavenet } from "../../../../pipelines/lesson/wavenet/wavenet_solutions.ts";
import { sharedTest } from "../../../shared_data.ts";

const words = "ada bob eve ida ian mia leo lea ana ava eva zoe noa ben tom tim sam".split(" ");

/** Runs a generator of items to its end and returns its result. */
async function resultOf<T>(items: AsyncGenerator<Item, T>): Promise<T> {
  let next = await items.next();
  while (!next.done) next = await items.next();
  return next.value;
}

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

Deno.test("treeChart() keeps the letters of a word in their order", async () => {
  const letters = [..."...aaren"], html = await treeChart(letters).html();
  const boxes = [...html.matchAll(/translate\(([\d.]+),([\d.]+)\)"><path[^>]*><\/path><text[^>]*>([^<]*)</g)]
    .map(([, x, y, text]) => ({ x: Number(x), y: Number(y), text }));
  const top = Math.min(...boxes.map(({ y }) => y));
  const row = boxes.filter(({ y }) => y === top).sort((a, b) => a.x - b.x).map(({ text }) => text);
  deepStrictEqual(row, letters);
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

Deno.test("sizesAreAlike holds for the letters of the lecture and not for a large alphabet", () => {
  const likeSizes = (vocabSize: number): boolean => {
    const hidden = { bias: false } as const;
    return sizesAreAlike.holds({
      neurons: 68,
      tree: countParameters(wavenet({ vocabSize, channels: 10, hidden: 68, perPosition: true })),
      flat: countParameters(mlp({ vocabSize, context: 8, first: hidden, norm: {} })),
    });
  };
  deepStrictEqual([27, 3000].map(likeSizes), [true, false]);
});
