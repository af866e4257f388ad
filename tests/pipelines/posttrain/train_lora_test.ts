/**
 * Tests `train --lora` and `fineweb-gpt2 --lora`: adapters alone are trained and saved, runs resume, PEFT's
 * files hold the same model, quantised weights stay so, and what would do nothing is refused.
 *
 * @module
 */
import { deepEqual, equal, match, ok } from "node:assert/strict";
import { exists } from "../../../stages/disk/whole_files.ts";
import { readSafetensors } from "../../../stages/format/model/safetensors.ts";
import { sharedTest } from "../../shared_data.ts";
import { minute, runsHere, withShard } from "../in_process.ts";
import { courseOf, errorLine, eventsOf } from "../program.ts";

const quick = "--seq-len 16 --device cpu --workers 1 --warmup 0 --batch-size 4 --quiet --sample-every 0";

/** Calls `work` with a folder that holds a shard, another for validation, and a trained model, `base`. */
async function withBase(work: (dir: string) => Promise<void>): Promise<void> {
  await withShard(async (dir) => {
    await Deno.writeFile(`${dir}/val.bin`, (await Deno.readFile(`${dir}/train.bin`)).fill(0, 2000));
    await runsHere(0, `train --train-shards ${dir}/train.bin ${minute} --out ${dir}/base --steps 2`);
    await work(dir);
  });
}

const lossesOf = async (out: string) =>
  (await eventsOf(out)).filter(({ type }) => type === "step").map(({ loss }) => loss);

Deno.test("train --lora trains adapters alone, which resume, are PEFT's, and merge", async () => {
  await withBase(async (dir) => {
    const args =
      `train --train-shards ${dir}/train.bin --val-shards ${dir}/val.bin --init-from ${dir}/base ` +
      `${quick} --lora 2 --lora-alpha 3 --lora-targets c_attn,c_proj --lora-rs --lora-dropout 0.2 ` +
      "--grad-accum 2 --lr 0.05 --schedule-steps 8 --checkpoint-every 3 --eval-every 4 --inspect-every 4";
    const { out: end } = await runsHere(0, `${args} --steps 8 --out ${dir}/whole`.replace("--quiet", ""));
    await runsHere(0, `${args} --steps 5 --out ${dir}/parts`);
    await runsHere(0, `${args} --steps 8 --out ${dir}/parts`);
    const steps = (course: readonly unknown[]) =>
      course.filter((each) => Array.isArray(each) && typeof each[0] === "number");
    deepEqual(steps(await courseOf(`${dir}/parts`)), steps(await courseOf(`${dir}/whole`)));
    const losses = await lossesOf(`${dir}/whole`);
    ok(losses[7] < losses[0] - 0.03, `${losses}`);
    const saved = await readSafetensors(`${dir}/whole/checkpoints/step-000008/model.safetensors`);
    deepEqual(Object.keys(saved).filter((name) => !/h\.0\..*\.c_(attn|proj)\.lora_[AB]/.test(name)), []);
    const adapter = `${dir}/whole/adapter`;
    match(end, new RegExp(`Adapters: ${adapter}`));
    const { r, lora_alpha, lora_dropout, use_rslora } = JSON.parse(
      await Deno.readTextFile(`${adapter}/adapter_config.json`),
    );
    deepEqual([r, lora_alpha, lora_dropout, use_rslora], [2, 3, 0.2, true]);
    const inspected = (await eventsOf(`${dir}/whole`)).find(({ type }) => type === "inspect");
    deepEqual(inspected.parameters.map(({ name }: { name: string }) => name), Object.keys(saved));
    const evaluate = `eval --val-shards ${dir}/val.bin --device cpu --workers 1`;
    const lossOf = async (model: string) => {
      await runsHere(0, `${evaluate} --checkpoint ${model} --out ${dir}/eval --resume never`);
      return (await eventsOf(`${dir}/eval`)).find(({ type }) => type === "eval").valLoss;
    };
    const merged = await lossOf(`${dir}/whole`),
      peft = await lossOf(adapter),
      base = await lossOf(`${dir}/base`);
    equal(merged, peft);
    ok(Math.abs(merged - base) > 0.01, `${merged}, ${base}`);
  });
});

Deno.test("train --lora begins with the losses of the model, at ten times the learning rate", async () => {
  await withBase(async (dir) => {
    const args = `train --train-shards ${dir}/train.bin --init-from ${dir}/base ${quick} --steps 1`;
    await runsHere(0, `${args} --lora 4 --out ${dir}/adapters`);
    await runsHere(0, `${args} --out ${dir}/all`);
    const [[, adapted, , rate]] = await courseOf(`${dir}/adapters`) as number[][];
    const [[, whole, , wholeRate]] = await courseOf(`${dir}/all`) as number[][];
    deepEqual([adapted, rate], [whole, 10 * wholeRate]);
  });
});

Deno.test("train --lora refuses what it cannot do and what would do nothing, before it writes anything", async () => {
  await withBase(async (dir) => {
    const shards = `train --train-shards ${dir}/train.bin ${quick} --steps 1`,
      args = `${shards} --init-from ${dir}/base`;
    const refused: readonly [string, RegExp][] = [
      [`${shards} --lora 2`, /--lora 2 does nothing without --init-from: it needs --init-from PATH$/],
      [`${args} --lora-alpha 2`, /--lora-alpha 2 .* it needs --lora R above 0$/],
      [`${args} --lora-rs`, /it needs --lora R above 0$/],
      [`${args} --lora-dropout 0.5`, /it needs --lora R above 0$/],
      [`${args} --lora-targets c_fc`, /it needs --lora R above 0$/],
      [`${args} --lora 2 --no-tie`, /--no-tie does nothing .* it needs a command without --lora$/],
      [`${args} --lora 2 --vocab-pad 8`, /--vocab-pad 8 does nothing .* it needs a command without --lora$/],
      [`${args} --lora 2 --lora-targets c_fc,nope`, /nope: the linear layers of gpt are c_attn, /],
      [`${args} --lora 2 --lora-dropout 1`, /--lora-dropout/],
      [`${args} --lora 65537`, /--lora/],
    ];
    for (const [line, why] of refused) {
      match(errorLine(await runsHere(2, `${line} --out ${dir}/run`)), why);
      ok(!await exists(`${dir}/run`), line);
    }
  });
});

Deno.test("train --lora adapts nanochat's model, also its gates, and PEFT's files name layers as nanochat does", async () => {
  await withBase(async (dir) => {
    const train = `train --train-shards ${dir}/train.bin ${quick} --steps 20 --lr 0.02`;
    const sizes = "--architecture nanochat --vocab-size 257 --layers 2 --heads 2 --channels 32";
    await runsHere(0, `${train} ${sizes} --out ${dir}/nano`);
    await runsHere(0, `${train} --init-from ${dir}/nano --lora 2 --out ${dir}/run`);
    const names = Object.keys(await readSafetensors(`${dir}/run/adapter/adapter_model.safetensors`));
    const h = "base_model.model.transformer.h.1";
    for (const layer of [`${h}.attn.c_q`, `${h}.attn.ve_gate`, `${h}.mlp.c_fc`]) {
      ok(names.includes(`${layer}.lora_A.weight`), `${layer} of ${names}`);
    }
    const config = JSON.parse(await Deno.readTextFile(`${dir}/run/adapter/adapter_config.json`));
    equal(config.fan_in_fan_out, false);
    const lossOf = async (model: string) => {
      const evaluate = `eval --val-shards ${dir}/val.bin --device cpu --workers 1 --resume never`;
      await runsHere(0, `${evaluate} --checkpoint ${model} --out ${dir}/eval`);
      return (await eventsOf(`${dir}/eval`)).find(({ type }) => type === "eval").valLoss;
    };
    const adapted = await lossOf(`${dir}/run/adapter`);
    equal(await lossOf(`${dir}/run`), adapted);
    const base = await lossOf(`${dir}/nano`);
    ok(Math.abs(base - adapted) > 0.01, `${base}, ${adapted}`);
  });
});

Deno.test("a run of train --lora resumes with its own adapters and its own model alone", async () => {
  await withBase(async (dir) => {
    const args = `train --train-shards ${dir}/train.bin --init-from ${dir}/base ${quick} --out ${dir}/run`;
    await runsHere(0, `${args} --lora 2 --steps 1`);
    match(errorLine(await runsHere(2, `${args} --lora 3 --steps 2`)), /--lora/);
    match(errorLine(await runsHere(2, `${args} --lora 2 --lora-alpha 9 --steps 2`)), /--lora-alpha/);
    await runsHere(0, `${args} --steps 2`); // the run's own options hold
    await Deno.rename(`${dir}/base`, `${dir}/away`);
    match(errorLine(await runsHere(2, `${args} --steps 3`)), /Cannot read a model from .*base/);
    await runsHere(0, `train --train-shards ${dir}/train.bin ${minute} --out ${dir}/base --steps 1 --seed 9`);
    match(errorLine(await runsHere(1, `${args} --steps 3`)), /base is not the model that the checkpoint's/);
    await Deno.remove(`${dir}/base`, { recursive: true });
    await Deno.rename(`${dir}/away`, `${dir}/base`);
    await runsHere(0, `${args} --steps 3`);
    equal((await lossesOf(`${dir}/run`)).length, 3);
  });
});

sharedTest(
  "train --lora trains adapters over the quantised weights of a GGUF, and samples with them",
  ["golden/gguf/tiny-llama-q8_0.gguf"],
  async (path) => {
    await withBase(async (dir) => {
      const args =
        `train --train-shards ${dir}/train.bin --init-from ${path("golden/gguf/tiny-llama-q8_0.gguf")} ` +
        `${quick} --lr 0.02 --steps 6`;
      await runsHere(0, `${args} --lora 2 --out ${dir}/run`);
      const losses = await lossesOf(`${dir}/run`);
      ok(losses[5] < losses[0], `${losses}`);
      const [adapted] = await eventsOf(`${dir}/run`);
      await runsHere(0, `${args} --steps 1 --out ${dir}/all`.replace("--steps 6 ", ""));
      const [whole] = await eventsOf(`${dir}/all`);
      ok(adapted.memory.parameter < whole.memory.parameter / 2, JSON.stringify([adapted, whole]));
      ok(adapted.memory.optimizer < whole.memory.optimizer / 4, JSON.stringify([adapted, whole]));
    });
  },
);
