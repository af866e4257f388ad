/**
 * Tests that the pipelines take models of the Llama family as they take GPT-2.
 *
 * @module
 */
import { deepStrictEqual, match, notStrictEqual, ok, strictEqual } from "node:assert/strict";
import { llama } from "../../kernels/models/llama.ts";
import type { LlamaConfig } from "../../kernels/models/llama_options.ts";
import { initialWeights } from "../../kernels/models/model.ts";
import { llamaConfigText } from "../../stages/format/model/llama_config_text.ts";
import { splitLlamaTensors } from "../../stages/format/model/llama_tensors.ts";
import { readSafetensors, writeSafetensors } from "../../stages/format/model/safetensors.ts";
import { sharedTest } from "../shared_data.ts";
import { minute, runsHere, unused, withShard } from "./in_process.ts";
import { eventsOf } from "./program.ts";

const config: LlamaConfig = {
  layers: 2,
  heads: 4,
  keyHeads: 2,
  headWidth: 6,
  channels: 20,
  hidden: 32,
  seqLen: 32,
  vocabSize: 257,
  tie: false,
  queryNorm: true,
  ropeScaling: "llama3",
  ropeFactor: 8,
  ropeLength: 16,
};

/** Calls `work` with a folder that contains a model as Hugging Face publishes it, and a shard. */
async function withModel(work: (dir: string, model: string) => Promise<void>): Promise<void> {
  await withShard(async (dir) => {
    const model = `${dir}/hf`, tensors = splitLlamaTensors(initialWeights(llama(config), 3), config);
    await Deno.mkdir(model);
    await writeSafetensors(`${model}/model.safetensors`, tensors, { format: "pt" });
    const text = llamaConfigText(config, { dtype: "f32", endOfText: 256, path: model });
    await Deno.writeTextFile(`${model}/config.json`, text);
    await work(dir, model);
  });
}

/** Returns the loss of every step of a run. */
async function lossesOf(run: string): Promise<readonly number[]> {
  return (await eventsOf(run)).filter(({ type }) => type === "step").map(({ loss }) => loss);
}

const options = { sanitizeOps: false, sanitizeResources: false }; // the engine's threads outlive a run

Deno.test({
  name: "a Llama is fine-tuned, resumed, evaluated and sampled, from its folder and from checkpoints",
  ...options,
  fn: () =>
    withModel(async (dir, model) => {
      const train = minute.replace("--layers 1 --heads 2 --channels 16 ", "");
      const line =
        `train ${train} --train-shards ${dir}/train.bin --init-from ${model} --lr 0.01 --schedule-steps 9 --out ${dir}/run`;
      await runsHere(0, `${line} --steps 6 --checkpoint-every 3`);
      await runsHere(0, `${line} --steps 9 --resume ${dir}/run/checkpoints/step-000003`);
      const resumed = await lossesOf(`${dir}/run`);
      await runsHere(0, `${line}2 --steps 9`);
      const whole = await lossesOf(`${dir}/run2`);
      deepStrictEqual(resumed, whole);
      ok(whole[8] < whole[0]);
      for (const place of [model, `${dir}/run`]) {
        const { out } = await runsHere(
          0,
          `sample --checkpoint ${place} --tokenizer byte --prompt A --temperature 0 --max-tokens 4 --device cpu`,
        );
        ok(out.startsWith("A"), out);
      }
      await Deno.writeTextFile(`${dir}/text.txt`, "We the People of the United States. ".repeat(40));
      const { out } = await runsHere(
        0,
        `eval --checkpoint ${dir}/run --source ${dir}/text.txt --tokenizer byte --out ${dir}/eval --device cpu`,
      );
      match(out, /Validation loss \d/);
    }),
});

Deno.test({
  name: "convert writes a Llama to a checkpoint and back with the same tensors, and refuses llama2.c by name",
  ...options,
  fn: () =>
    withModel(async (dir, model) => {
      const checkpoint = `${dir}/checkpoints/step-000000`;
      await runsHere(0, `convert --from ${model} --to ${checkpoint} --tokenizer byte`);
      await runsHere(0, `convert --from ${checkpoint} --to ${dir}/again`);
      const [before, after] = [model, `${dir}/again`].map((folder) => `${folder}/model.safetensors`);
      deepStrictEqual(await readSafetensors(after), await readSafetensors(before));
      const texts = await Promise.all(
        [model, `${dir}/again`].map((f) => Deno.readTextFile(`${f}/config.json`)),
      );
      strictEqual(texts[0], texts[1]);
      const { err } = await runsHere(2, `convert --from ${model} --to ${dir}/model.bin`);
      match(err, /in llama2\.c files headWidth is always 5, in this model it is 6: give --to FOLDER/);
    }),
});

Deno.test({
  name: "options that contradict a Llama, or that it does not have, are refused with --init-from",
  ...options,
  fn: () =>
    withModel(async (dir, model) => {
      const line =
        `train --train-shards ${dir}/train.bin --init-from ${model} --steps 1 --out ${dir}/run --device cpu`;
      for (
        const [option, why] of [
          ["--layers 3", /the model has --layers 2/],
          ["--gelu erf", /a llama model has no such option/],
          ["--seq-len 64", /the model has --seq-len 32/],
        ] as const
      ) match((await runsHere(2, `${line} ${option}`)).err, why);
    }),
});

Deno.test({
  name: "a Llama is trained from scratch and resumed, and convert writes it as Hugging Face does",
  ...options,
  fn: () =>
    withShard(async (dir) => {
      const line =
        `train ${minute} --train-shards ${dir}/train.bin --architecture llama --layers 2 --key-heads 1 ` +
        "--query-norm --window 8 --global-every 2 --init-std 0.05 --lr 0.01 --schedule-steps 9";
      await runsHere(0, `${line} --steps 6 --checkpoint-every 3 --out ${dir}/run`);
      await runsHere(0, `${line} --steps 9 --resume ${dir}/run/checkpoints/step-000003 --out ${dir}/run`);
      await runsHere(0, `${line} --steps 9 --out ${dir}/whole`);
      const [resumed, whole] = await Promise.all([`${dir}/run`, `${dir}/whole`].map(lossesOf));
      deepStrictEqual(resumed, whole);
      ok(whole[8] < whole[0]);
      const { err } = await runsHere(2, `${line} --steps 12 --architecture gpt --out ${dir}/run`);
      match(err, /does nothing with --architecture gpt: it needs --architecture llama/);

      await runsHere(0, `convert --from ${dir}/run --to ${dir}/hf --tokenizer byte`);
      const { model_type, initializer_range, layer_types } = JSON.parse(
        await Deno.readTextFile(`${dir}/hf/config.json`),
      );
      const types = ["sliding_attention", "full_attention"];
      deepStrictEqual({ model_type, initializer_range, layer_types }, {
        model_type: "qwen3",
        initializer_range: 0.05,
        layer_types: types,
      });
      const [own, others] = await Promise.all(["run", "hf"].map(async (place) => {
        const words = "--tokenizer byte --prompt A --temperature 0 --max-tokens 9 --device cpu";
        return (await runsHere(0, `sample --checkpoint ${dir}/${place} ${words}`)).out;
      }));
      strictEqual(own, others);
    }),
});

Deno.test("--preset smollm2-135m plans the published model", async () => {
  const { out } = await runsHere(0, `fineweb-gpt2 --preset smollm2-135m --dry-run --device cpu ${unused}`);
  match(out, /parameters +134,515,008\n/);
  match(out, /tokens per step +1\.0M\n/);
});

sharedTest(
  "a quantised model is sampled and evaluated with its weights as they are, dequantised, and with 8-bit activations",
  ["golden/gguf/tiny-llama-q8_0.gguf", "golden/gguf/tiny-expected.json"],
  (path) =>
    withShard(async (dir) => {
      const file = path("golden/gguf/tiny-llama-q8_0.gguf"), losses = new Map<string, number>();
      for (const how of ["", "--weights f32", "--activations i8"]) {
        const line = `eval --checkpoint ${file} --tokenizer byte --val-shards ${dir}/train.bin ${how}`.trim();
        await runsHere(0, `${line} --out ${dir}/eval${losses.size}`);
        const [last] = (await eventsOf(`${dir}/eval${losses.size}`)).filter(({ type }) => type === "eval");
        losses.set(how, last.valLoss);
      }
      const exact = losses.get("")!, dequantised = losses.get("--weights f32")!;
      ok(Math.abs(exact - dequantised) < 1e-5, `${exact} and ${dequantised}`);
      const rounded = losses.get("--activations i8")!;
      ok(rounded !== exact && Math.abs(rounded - exact) < 0.05, `${rounded}, exact ${exact}`);

      const plan = async (how: string) =>
        (await runsHere(0, `sample --checkpoint ${file} --tokenizer byte --dry-run ${how}`.trim())).out;
      const bytesOf = (text: string) => /parameter +([\d.]+ \w+)/.exec(text)?.[1];
      notStrictEqual(bytesOf(await plan("")), bytesOf(await plan("--weights f32")));
    }),
);

Deno.test({
  name:
    "options of quantised weights are refused where none is quantised, and without them the command works",
  ...options,
  fn: () =>
    withModel(async (_dir, model) => {
      const line = `sample --checkpoint ${model} --tokenizer byte --prompt a --max-tokens 2`;
      for (const how of ["--weights f32", "--activations i8"]) {
        const says = new RegExp(`${how} does nothing: no weight of .* is quantised .*: leave it out`);
        match((await runsHere(2, `${line} ${how}`)).err, says);
      }
      await runsHere(0, line);
    }),
});
