/**
 * Tests that net A of part 3 gives the lecture's own digits, from torch's random numbers. Source: Karpathy,
 * makemore part 3; measured again with PyTorch.
 *
 * @module
 */
import { deepStrictEqual, ok } from "node:assert/strict";
import { PythonRandom } from "../../../../kernels/random/python_random.ts";
import { TorchRandom } from "../../../../kernels/random/torch_random.ts";
import { openCpu } from "../../../../kernels/engine/cpu/cpu_engine.ts";
import { mlpWithNorm } from "../../../../kernels/models/course/name_nets.ts";
import { torchWeights } from "../../../../kernels/models/course/torch_weights.ts";
import { sgd } from "../../../../kernels/optim/sgd.ts";
import { contextExamples } from "../../../../stages/train/on_device/word_examples.ts";
import { openDeviceTrainer } from "../../../../stages/train/on_device/device_trainer.ts";
import { sharedTest } from "../../../shared_data.ts";

sharedTest("net A takes the lecture's first 10,001 steps", ["text/names.txt"], async (path) => {
  const names = (await Deno.readTextFile(path("text/names.txt"))).trim().split("\n");
  new PythonRandom(42).shuffle(names);
  const words = names.map((name) => Array.from(name, (c) => c.charCodeAt(0) - 96));
  const examples = contextExamples(words, { context: 3 }), train = examples.starts[25626];
  deepStrictEqual([train, examples.starts[28829] - train], [182625, 22655]);

  const model = mlpWithNorm(), random = new TorchRandom(2147483647), steps = 10001;
  const options = { model, examples, batch: 32, optimizer: sgd({ momentum: 0 }) };
  const weights = torchWeights(model, random);
  const rows = random.randint(steps * 32, { high: train });
  deepStrictEqual([...rows.subarray(0, 5)], [5197, 99677, 101728, 53213, 114200]);
  await using trainer = await openDeviceTrainer(await openCpu({ threads: 1 }), { ...options, weights });
  const losses = await trainer.train({ rows, rates: 0.1 });
  deepStrictEqual(losses[0].toFixed(4), "3.3239");
  ok(Math.abs(losses[10000] - 2.0322) < 5e-4, `step 10,000: ${losses[10000]}, wanted 2.0322`);
});
