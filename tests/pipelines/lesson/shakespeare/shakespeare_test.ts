/** Tests the lesson on GPTs in short runs on the lecture's text. */
import { deepStrictEqual, match, ok, strictEqual, throws } from "node:assert/strict";
import { TorchRandom } from "../../../../kernels/random/torch_random.ts";
import { charGpt } from "../../../../kernels/models/course/char_gpt.ts";
import { parametersOf } from "../../../../kernels/models/model.ts";
import { openCpu } from "../../../../kernels/engine/cpu/cpu_engine.ts";
import { type Item, outcomeOf } from "../../../../pipelines/lesson/item.ts";
import {
  additionProblems,
  isHeldOut,
  problemText,
  problemTokens,
} from "../../../../pipelines/lesson/shakespeare/addition_problems.ts";
import { additionSolution } from "../../../../pipelines/lesson/shakespeare/addition_solution.ts";
import {
  averagesSection,
  headSection,
  scaledScoresSection,
} from "../../../../pipelines/lesson/shakespeare/attention_sections.ts";
import { dataSection } from "../../../../pipelines/lesson/shakespeare/bigram_sections.ts";
import {
  bigramReachesCounts,
  noOverfitting,
} from "../../../../pipelines/lesson/shakespeare/shakespeare_claims.ts";
import { batchedHeadsSolution } from "../../../../pipelines/lesson/shakespeare/batched_heads_solution.ts";
import { corpusOf, drawExcerpts } from "../../../../pipelines/lesson/shakespeare/corpus.ts";
import { lectureModels, smallBatch } from "../../../../pipelines/lesson/shakespeare/lecture_models.ts";
import type { LossEstimate } from "../../../../pipelines/lesson/shakespeare/lecture_training.ts";
import { lectureWeights } from "../../../../pipelines/lesson/shakespeare/lecture_weights.ts";
import {
  trainCharModel,
  type TrainedCharModel,
} from "../../../../pipelines/lesson/shakespeare/train_char_model.ts";
import { sharedTest } from "../../../shared_data.ts";
import { errorLine, runsTo, withFolder } from "../../program.ts";

const tinyshakespeare = "text/tinyshakespeare.txt";

/** Collects all items of a section. */
async function itemsOf(items: Iterable<Item> | AsyncIterable<Item>): Promise<Item[]> {
  const found: Item[] = [];
  for await (const item of items) found.push(item);
  return found;
}

/** Returns the names of the checks among the items, and throws if a check fails. */
async function checksOf(items: Iterable<Item> | AsyncIterable<Item>): Promise<readonly string[]> {
  const checks = (await itemsOf(items)).flatMap((item) => item.kind === "check" ? [item] : []);
  for (const check of checks) strictEqual(outcomeOf(check), "same", `${check.name}: ${check.ours}`);
  return checks.map(({ name }) => name);
}

Deno.test("averages, the attention head and the variances of its scores equal the notebook's; a GPT is causal; batched heads equal separate heads", async () => {
  const inputs = { engine: await openCpu({ threads: 1 }), seed: 1337 };
  strictEqual((await checksOf(averagesSection(inputs))).length, 3);
  strictEqual((await checksOf(headSection(inputs))).length, 7);
  strictEqual((await checksOf(scaledScoresSection(inputs))).length, 5);
  strictEqual((await checksOf(batchedHeadsSolution(() => Promise.resolve(inputs.engine), 1))).length, 1);
});

sharedTest(
  "shakespeare's bigram model has the lecture's losses, and its small models learn",
  [tinyshakespeare],
  async (path) => {
    const corpus = corpusOf(await Deno.readTextFile(path(tinyshakespeare)));
    strictEqual(corpus.tokenizer.vocabSize, 65);
    deepStrictEqual([corpus.train.length, corpus.validation.length], [1_003_854, 111_540]);
    const { inputs, targets } = drawExcerpts(corpus.train, { random: new TorchRandom(1337), shape: [4, 8] });
    deepStrictEqual([...inputs.subarray(0, 8)], [24, 43, 58, 5, 57, 1, 46, 43]);
    deepStrictEqual([...targets.subarray(0, 7)], [...inputs.subarray(1, 8)]);

    const engine = await openCpu({ threads: 1 });
    const training = { corpus, seed: 1337, name: "test", rate: 1e-3, every: 500 };
    const bigram = await resultOf(trainCharModel(engine, {
      ...training,
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

    for (const { name, config } of lectureModels.filter((_, i) => i % 2 === 1)) {
      const model = await resultOf(
        trainCharModel(engine, { ...training, config, shape: smallBatch, steps: 60, at: [] }),
      );
      ok(model.estimates[0].validation < 3.6, `${name}: ${JSON.stringify(model.estimates)}`);
    }
    throws(
      () => drawExcerpts(corpus.train.slice(0, 8), { random: new TorchRandom(1), shape: [1, 8] }),
      /has 8: give a longer/,
    );
  },
);

/** Runs a training run to its end and returns its result. */
async function resultOf(items: AsyncGenerator<Item, TrainedCharModel>): Promise<TrainedCharModel> {
  while (true) {
    const next = await items.next();
    if (next.done === true) return next.value;
  }
}

function near({ train, validation }: LossEstimate, lecture: readonly [number, number], within: number): void {
  const ours = [train, validation];
  ok(lecture.every((loss, i) => Math.abs(loss - ours[i]) <= within), `${ours}, expected ${lecture}`);
}

Deno.test("lectureWeights() draws in torch's order, head by head and keys first, and stores all queries before all keys", () => {
  const config = { vocabSize: 3, seqLen: 2, channels: 4, heads: 2, layers: 1 } as const;
  const weights = lectureWeights(config, new TorchRandom(9)), random = new TorchRandom(9);
  deepStrictEqual(weights["wte.weight"].data, random.randn(12));
  deepStrictEqual(weights["wpe.weight"].data, random.randn(8));
  const { shape, data } = weights["h.0.attn.c_attn.weight"];
  deepStrictEqual(shape, [4, 12]);
  // First columns of key, query and value, head by head; torch draws the weight of each as [2, 4].
  for (const column of [4, 0, 8, 6, 2, 10]) {
    const drawn = random.uniform(8, { low: -.5, high: .5 });
    for (let at = 0; at < 8; at++) strictEqual(data[at % 4 * 12 + column + Math.floor(at / 4)], drawn[at]);
  }
  const projection = random.uniform(16, { low: -.5, high: .5 });
  strictEqual(weights["h.0.attn.c_proj.weight"].data[4], projection[1]); // transposed
  deepStrictEqual(weights["h.0.attn.c_proj.bias"].data, random.uniform(4, { low: -.5, high: .5 }));
  deepStrictEqual(Object.keys(weights).toSorted(), [...parametersOf(charGpt(config)).keys()].toSorted());
});

Deno.test("additionProblems() reverse sums, count only their digits in the loss, and separate held-out problems", async () => {
  strictEqual(problemText(12, 345, { digits: 3 }), "012+345=7530");
  const random = new TorchRandom(5);
  for (const heldOut of [false, true]) {
    const { inputs, targets, mask } = additionProblems(50, { digits: 3, random, heldOut });
    for (let row = 0; row < 50; row++) {
      const at = 11 * row, text = problemTokens.decode([inputs[at], ...targets.subarray(at, at + 11)]);
      const [a, b, c] = text.split(/[+=]/);
      strictEqual(Number([...c].reverse().join("")), Number(a) + Number(b));
      strictEqual(isHeldOut(Number(a), Number(b)), heldOut);
      const counted = problemTokens.decode(
        targets.subarray(at, at + 11).filter((_, i) => mask[at + i] === 1),
      );
      strictEqual(counted, c);
    }
  }
  const engine = await openCpu({ threads: 1 });
  const items = await itemsOf(
    additionSolution(() => Promise.resolve(engine), 1, { digits: 1, steps: 6, testCount: 20 }),
  );
  const check = items.find((item) => item.kind === "check");
  ok(
    check?.kind === "check" && Number(check.ours) < 50 && outcomeOf(check) === "not compared",
    JSON.stringify(check),
  );
  ok(
    items.some((item) =>
      item.kind === "lines" && /^\d\+\d=\S\S \(digits reversed\) is wrong$/.test(item.lines[0])
    ),
  );
});

sharedTest(
  "shakespeare --scale prints the plan without training; an unknown preset is refused",
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
      match(out, /needs a GPU\. This run's device is [^]*1\.48/);
      match(errorLine(await runsTo(2, [...args, "--preset", "nanogpt"])), /expected one of nanogpt-cpu/);
    }),
);

Deno.test("an alphabet of more than 100 characters is shown in part, and the lesson says so", async () => {
  const symbols = Array.from({ length: 101 }, (_, i) => String.fromCodePoint(0x4e00 + i)).join("");
  const inputs = {
    engine: await openCpu({ threads: 1 }),
    seed: 1,
    full: false,
    reasonToDiffer: () => "other data",
  };
  for (
    const [characters, says] of [[100, /^Each .* in order: `.{100}`$/], [
      101,
      /has 101 .* first 100 in/,
    ]] as const
  ) {
    const text = symbols.slice(0, characters).repeat(4);
    const alphabet = [...dataSection(text, { ...inputs, corpus: corpusOf(text) })]
      .flatMap((item) => item.kind === "say" && item.text.startsWith("Each character") ? [item.text] : []);
    match(alphabet.join(), says);
  }
});

Deno.test("claims on the losses of shakespeare state no cause that was not measured", () => {
  const reaches = bigramReachesCounts;
  deepStrictEqual(
    [2.5, 2.51, 2.49, 2.56, 2.44].map((trained) => reaches.holds({ trained, counted: 2.5 })),
    [true, true, true, false, false],
  );
  match(reaches.no({ trained: 3, counted: 2.5 }), /gives a lower one, 2\.50\.$/);
  match(reaches.no({ trained: 2, counted: 2.5 }), /gives a higher one, 2\.50\.$/);
  const end = { step: 2000, validation: 1.9, train: 1.5 };
  const no = (train: number) => noOverfitting.no({ ...end, lowest: { step: 1000, train } });
  match(
    no(1.6),
    /lower at step 1,000\. Since then the training loss has fallen from 1\.60: the model overfits\.$/,
  );
  for (const train of [1.5, 1.4]) match(no(train), /lower at step 1,000\.$/);
});
