/** The lesson on GPTs, its figures on the lecture's text in short runs. */
import { deepStrictEqual, match, ok, strictEqual, throws } from "node:assert/strict";
import { TorchRandom } from "../../../../kernels/random/torch_random.ts";
import { charGpt } from "../../../../kernels/models/course/char_gpt.ts";
import { parametersOf } from "../../../../kernels/models/model.ts";
import { openCpu } from "../../../../kernels/engine/cpu/cpu_engine.ts";
import { type Item, outcomeOf } from "../../../../pipelines/lesson/item.ts";
import {
  isHeldOut,
  problems,
  problemText,
  problemTokens,
} from "../../../../pipelines/lesson/shakespeare/addition.ts";
import { additionSolution } from "../../../../pipelines/lesson/shakespeare/addition_solution.ts";
import {
  averagesSection,
  headSection,
  scaledScoresSection,
} from "../../../../pipelines/lesson/shakespeare/attention_sections.ts";
import { corpusOf, draw } from "../../../../pipelines/lesson/shakespeare/corpus.ts";
import { headsAsOne } from "../../../../pipelines/lesson/shakespeare/heads_as_one.ts";
import type { Estimate } from "../../../../pipelines/lesson/shakespeare/learn.ts";
import { stations, stationShape } from "../../../../pipelines/lesson/shakespeare/stations.ts";
import { lectureWeights } from "../../../../pipelines/lesson/shakespeare/lecture_weights.ts";
import { trained, type TrainedModel } from "../../../../pipelines/lesson/shakespeare/trained.ts";
import { sharedTest } from "../../../shared_data.ts";
import { errorLine, runsTo, withFolder } from "../../program.ts";

const tinyshakespeare = "text/tinyshakespeare.txt";

async function allOf(items: Iterable<Item> | AsyncIterable<Item>): Promise<Item[]> {
  const found: Item[] = [];
  for await (const item of items) found.push(item);
  return found;
}

/** The checks among items; each must hold. */
async function checksOf(items: Iterable<Item> | AsyncIterable<Item>): Promise<readonly string[]> {
  const checks = (await allOf(items)).flatMap((item) => item.kind === "check" ? [item] : []);
  for (const check of checks) strictEqual(outcomeOf(check), "same", `${check.name}: ${check.ours}`);
  return checks.map(({ name }) => name);
}

Deno.test("averages are the same four ways; a head, its scores' variances and causality are the notebook's", async () => {
  const setting = { engine: await openCpu({ threads: 1 }), seed: 1337 };
  strictEqual((await checksOf(averagesSection(setting))).length, 3);
  strictEqual((await checksOf(headSection(setting))).length, 7);
  strictEqual((await checksOf(scaledScoresSection(setting))).length, 5);
  strictEqual((await checksOf(headsAsOne(() => Promise.resolve(setting.engine), 1))).length, 1);
});

sharedTest(
  "shakespeare's models have the lecture's losses, first and later",
  [tinyshakespeare],
  async (path) => {
    const corpus = corpusOf(await Deno.readTextFile(path(tinyshakespeare)));
    strictEqual(corpus.tokenizer.vocabSize, 65);
    deepStrictEqual([corpus.train.length, corpus.validation.length], [1_003_854, 111_540]);
    const { inputs, targets } = draw(corpus.train, { random: new TorchRandom(1337), shape: [4, 8] });
    deepStrictEqual([...inputs.subarray(0, 8)], [24, 43, 58, 5, 57, 1, 46, 43]);
    deepStrictEqual([...targets.subarray(0, 7)], [...inputs.subarray(1, 8)]);

    const engine = await openCpu({ threads: 1 });
    const course = { corpus, seed: 1337, name: "test", rate: 1e-3, every: 500 };
    const bigram = await ended(trained(engine, {
      ...course,
      config: "bigram",
      shape: [32, 8],
      steps: 2700,
      rate: 1e-2,
      every: 300,
      at: [0],
      characters: 20,
    }));
    near(bigram.estimates[0], [4.7305, 4.7241], 1e-4);
    near(bigram.estimates[1], [2.4738, 2.4911], 5e-4);
    strictEqual(bigram.sample.trim().length > 0, true);

    for (const { name, config } of stations.filter((_, i) => i % 2 === 1)) {
      const model = await ended(
        trained(engine, { ...course, config, shape: stationShape, steps: 60, at: [] }),
      );
      ok(model.estimates[0].validation < 3.6, `${name}: ${JSON.stringify(model.estimates)}`);
    }
    throws(
      () => draw(corpus.train.slice(0, 8), { random: new TorchRandom(1), shape: [1, 8] }),
      /has 8: give a longer/,
    );
  },
);

/** What a generator of items returns. */
async function ended(items: AsyncGenerator<Item, TrainedModel>): Promise<TrainedModel> {
  while (true) {
    const next = await items.next();
    if (next.done === true) return next.value;
  }
}

function near({ train, validation }: Estimate, lecture: readonly [number, number], within: number): void {
  const found = [train, validation];
  ok(lecture.every((loss, i) => Math.abs(loss - found[i]) <= within), `${found}, wanted ${lecture}`);
}

Deno.test("lectureWeights() draws in torch's order; keys of the first head come first and stand after all queries", () => {
  const config = { vocabSize: 3, seqLen: 2, channels: 4, heads: 2, layers: 1 } as const;
  const weights = lectureWeights(config, new TorchRandom(9)), random = new TorchRandom(9);
  deepStrictEqual(weights["wte.weight"].data, random.randn(12));
  deepStrictEqual(weights["wpe.weight"].data, random.randn(8));
  const { shape, data } = weights["h.0.attn.c_attn.weight"];
  deepStrictEqual(shape, [4, 12]);
  for (const column of [4, 0, 8, 6, 2, 10]) { // key, query, value of one head, then of the other: 2 rows of 4 in torch
    const drawn = random.uniform(8, { low: -.5, high: .5 });
    for (let at = 0; at < 8; at++) strictEqual(data[at % 4 * 12 + column + Math.floor(at / 4)], drawn[at]);
  }
  const projection = random.uniform(16, { low: -.5, high: .5 });
  strictEqual(weights["h.0.attn.c_proj.weight"].data[4], projection[1]); // transposed
  deepStrictEqual(weights["h.0.attn.c_proj.bias"].data, random.uniform(4, { low: -.5, high: .5 }));
  deepStrictEqual(Object.keys(weights).toSorted(), [...parametersOf(charGpt(config)).keys()].toSorted());
});

Deno.test("problems() reverses answers, counts them alone, and keeps the held-out apart", async () => {
  strictEqual(problemText(12, 345, { digits: 3 }), "012+345=7530");
  const random = new TorchRandom(5);
  for (const held of [false, true]) {
    const { inputs, targets, mask } = problems(50, { digits: 3, random, held });
    for (let row = 0; row < 50; row++) {
      const at = 11 * row, text = problemTokens.decode([inputs[at], ...targets.subarray(at, at + 11)]);
      const [a, b, c] = text.split(/[+=]/);
      strictEqual(Number([...c].reverse().join("")), Number(a) + Number(b));
      strictEqual(isHeldOut(Number(a), Number(b)), held);
      const counted = problemTokens.decode(
        targets.subarray(at, at + 11).filter((_, i) => mask[at + i] === 1),
      );
      strictEqual(counted, c);
    }
  }
  const engine = await openCpu({ threads: 1 });
  const items = await allOf(
    additionSolution(() => Promise.resolve(engine), 1, { digits: 1, steps: 6, asked: 20 }),
  );
  const check = items.find((item) => item.kind === "check");
  ok(
    check?.kind === "check" && Number(check.ours) < 50 && outcomeOf(check) === "not compared",
    JSON.stringify(check),
  );
  ok(items.some((item) => item.kind === "lines" && /^\d\+\d=\S\S, reversed, is wrong$/.test(item.lines[0])));
});

sharedTest(
  "shakespeare --scale plans without training; wrong words are named",
  [tinyshakespeare],
  (path) =>
    withFolder(async (dir) => {
      const args = [
        "shakespeare",
        "--source",
        path(tinyshakespeare),
        "--device",
        "cpu",
        "--out",
        `${dir}/out`,
      ];
      const { out } = await runsTo(0, [...args, "--scale"]);
      match(out, /✓ parameters: 10788929/);
      match(out, /activation +2\.\d GiB/);
      match(out, /It needs a GPU: here is .*1\.48/);
      match(errorLine(await runsTo(2, [...args, "--preset", "nanogpt"])), /expected one of nanogpt-cpu/);
    }),
);
