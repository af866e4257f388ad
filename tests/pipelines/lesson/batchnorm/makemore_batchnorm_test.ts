/** Tests that the lesson on batch norm reproduces the lecture's values. */
import { deepStrictEqual, match, ok, strictEqual } from "node:assert/strict";
import makemoreBatchnorm from "../../../../pipelines/makemore_batchnorm.ts";
import { netVersions, publishedTrace } from "../../../../pipelines/lesson/batchnorm/net_versions.ts";
import {
  type BatchNormSetup,
  openInspectable,
} from "../../../../pipelines/lesson/batchnorm/batchnorm_nets.ts";
import { names } from "../../../../pipelines/lesson/data.ts";
import { layersUseTanh, runningSuffices } from "../../../../pipelines/lesson/batchnorm/batchnorm_claims.ts";
import { deepNet } from "../../../../pipelines/lesson/batchnorm/deep_net.ts";
import { type Item, outcomeOf } from "../../../../pipelines/lesson/item.ts";
import { Letters, splitExamples } from "../../../../pipelines/lesson/letters.ts";
import { TorchRandom } from "../../../../kernels/random/torch_random.ts";
import { openCpu } from "../../../../kernels/engine/cpu/cpu_engine.ts";
import { sharedTest } from "../../../shared_data.ts";
import { withFolder } from "../../program.ts";
import { runLesson } from "../run_lesson.ts";

async function setupFor(source: string): Promise<BatchNormSetup> {
  const { words } = await names.open(source), letters = new Letters(words);
  return {
    letters,
    data: splitExamples(words, { letters, context: 3 }),
    engine: await openCpu({ threads: 1 }),
    seed: 2147483647,
    steps: 100,
    mayDiffer: null,
    lossMayDiffer: null,
  };
}

sharedTest(
  "the deep net of makemore-batchnorm reproduces every value of the lecture, the first samples included",
  ["text/names.txt"],
  async (path) => {
    const setup = await setupFor(path("text/names.txt")), different: Item[] = [];
    let checks = 0;
    for await (const item of deepNet(setup)) {
      if (item.kind !== "check") continue;
      checks++;
      if (outcomeOf(item) !== "same") different.push(item);
    }
    deepStrictEqual(different, []);
    strictEqual(checks, 27);
  },
);

sharedTest(
  "the first and the last of the five nets start with the lecture's losses",
  ["text/names.txt"],
  async (path) => {
    const setup = await setupFor(path("text/names.txt"));
    const first: number[] = [];
    for (const version of [netVersions[0], netVersions[4]]) {
      const random = new TorchRandom(setup.seed);
      await using net = await openInspectable(version.net(27), { setup, random });
      const rows = random.randint(32, { high: setup.data.rows.train.length });
      if (first.length === 1) deepStrictEqual([...rows.slice(0, 5)], [5197, 99677, 101728, 53213, 114200]);
      first.push((await net.train({ rows, rates: .1 }))[0]);
    }
    ok(Math.abs(first[0] - 27.8817) < 5e-4 && Math.abs(first[1] - publishedTrace[0]) < 5e-4, first.join(" "));
  },
);

Deno.test("makemore-batchnorm runs on a few words, as do its solutions", () =>
  withFolder(async (dir) => {
    const words = Array.from({ length: 400 }, (_, i) => "abcde"[i % 5] + "no"[i % 2] + "xyz"[i % 3]);
    await Deno.writeTextFile(`${dir}/words.txt`, words.join("\n"));
    const options = { source: `${dir}/words.txt`, values: { steps: 100 } };
    const { outcomes, text } = await runLesson(makemoreBatchnorm, options);
    deepStrictEqual(outcomes.filter((outcome) => outcome.endsWith(": differs")), []);
    ok(outcomes.includes("dead units: 7, lecture 7: same"), text);
    match(text, /tanh less saturated +[0-9.]+ % +none/);
    for (const [solution, checks] of [["E01", 1], ["E02", 1]] as const) {
      const own = await runLesson(makemoreBatchnorm, { ...options, solution });
      deepStrictEqual([own.outcomes.length, own.outcomes.filter((one) => !one.endsWith(": same"))], [
        checks,
        [],
      ]);
    }
  }));

Deno.test("runningSuffices also holds for running statistics that are better than measured ones", () => {
  const { holds, yes, no } = runningSuffices, steps = 1000;
  deepStrictEqual([2.25, 2.5, 2.255].map((running) => holds({ running, measured: 2.25, steps })), [
    true,
    false,
    true,
  ]);
  match(yes({ running: 2.255, measured: 2.25, steps }), /and are as good:/);
  match(yes({ running: 2, measured: 2.25, steps }), /and are even better here:/);
  match(
    no({ running: 2.5, measured: 2.25, steps }),
    /After 1,000 steps, [^.]* a weight of 36\.8 % in them\.$/,
  );
});

Deno.test("layersUseTanh holds for layers that are neither saturated nor near zero", () => {
  const { holds, no } = layersUseTanh;
  strictEqual(holds({ saturated: .049, std: .31 }), true);
  for (
    const [saturated, std, why] of [
      [.05, .31, /beyond ±0\.97\.$/],
      [.049, .3, /not all layers use much of the range of tanh\.$/],
      [0, 0, /not all layers use much of the range of tanh\.$/],
    ] as const
  ) {
    strictEqual(holds({ saturated, std }), false);
    match(no({ saturated, std }), why);
  }
});
