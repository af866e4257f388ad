/**
 * Tests that the pipelines take nanochat's model, as safetensors with its configuration and as the files that
 * nanochat writes.
 *
 * @module
 */
import { deepStrictEqual, match, ok, rejects, strictEqual } from "node:assert/strict";
import { openModelFile } from "../../../pipelines/parts/starting_weights.ts";
import { readSafetensors } from "../../../stages/format/model/safetensors.ts";
import { readWeights } from "../../../stages/format/model/weight_file.ts";
import { torchSave } from "../../stages/format/model/pytorch/torch_save.ts";
import { nanochatFiles } from "../../stages/model/nanochat_golden.ts";
import { sharedTest } from "../../shared_data.ts";
import { minute, runsHere, withShard } from "../in_process.ts";
import { eventsOf } from "../program.ts";

sharedTest(
  "convert writes nanochat's model to a checkpoint and back with the same tensors, and refuses other formats",
  nanochatFiles,
  (path) =>
    withShard(async (dir) => {
      const golden = path("golden/models/nanochat"), checkpoint = `${dir}/checkpoints/step-000000`;
      await runsHere(0, `convert --from ${golden} --to ${checkpoint} --tokenizer byte`);
      await runsHere(0, `convert --from ${checkpoint} --to ${dir}/back`);
      const [before, after] = [golden, `${dir}/back`].map((folder) =>
        readSafetensors(`${folder}/model.safetensors`)
      );
      deepStrictEqual(await after, await before);
      const config = async (folder: string) => JSON.parse(await Deno.readTextFile(`${folder}/config.json`));
      deepStrictEqual(await config(`${dir}/back`), await config(golden));
      for (const to of ["m.bin", "m.gguf"]) {
        const { err } = await runsHere(2, `convert --from ${golden} --to ${dir}/${to}`);
        match(err, /have no place for nanochat's model: give --to FOLDER/);
      }
      const { out } = await runsHere(
        0,
        `sample --checkpoint ${dir}/back --prompt The --temperature 0 --max-tokens 3 --device cpu --tokenizer byte`,
      );
      ok(out.startsWith("The"), out);
    }),
);

sharedTest(
  "nanochat's model is fine-tuned, resumed and evaluated",
  nanochatFiles,
  (path) =>
    withShard(async (dir) => {
      const train = minute.replace("--layers 1 --heads 2 --channels 16 ", "").replace(
        "--vocab-size 257",
        "--vocab-size 300",
      );
      const line =
        `train ${train} --train-shards ${dir}/train.bin --init-from ${
          path("golden/models/nanochat")
        } --lr 0.002 ` +
        `--schedule-steps 6 --out ${dir}/run`;
      await runsHere(0, `${line} --steps 3 --checkpoint-every 3`);
      await runsHere(0, `${line} --steps 6 --resume ${dir}/run/checkpoints/step-000003`);
      const losses = async (run: string) =>
        (await eventsOf(run)).filter(({ type }) => type === "step").map(({ loss }) => loss);
      const resumed = await losses(`${dir}/run`);
      await runsHere(0, `${line}2 --steps 6`);
      deepStrictEqual(resumed, await losses(`${dir}/run2`));
      ok(resumed[5] < resumed[0], String(resumed));
      await Deno.writeTextFile(`${dir}/text.txt`, "We the People of the United States. ".repeat(40));
      const { out } = await runsHere(
        0,
        `eval --checkpoint ${dir}/run --source ${dir}/text.txt --tokenizer byte --out ${dir}/eval --device cpu`,
      );
      match(out, /Validation loss \d/);
    }),
);

sharedTest(
  "nanochat's model_NUMBER.pt is read with the meta file beside it",
  nanochatFiles,
  (path) =>
    withShard(async (dir) => {
      const tensors = await readSafetensors(path("golden/models/nanochat/model.safetensors"));
      const config = JSON.parse(await Deno.readTextFile(path("golden/models/nanochat/config.json")));
      const saved = Object.fromEntries(
        Object.entries(tensors).map((
          [name, { shape, data }],
        ) => [`_orig_mod.${name}`, { shape, values: [...data], key: name }]),
      );
      const pt = `${dir}/model_000123.pt`, meta = `${dir}/meta_000123.json`;
      await Deno.writeFile(pt, torchSave(saved));
      await rejects(openModelFile(pt), /its options are in .*meta_000123\.json, which is missing/);
      await Deno.writeTextFile(meta, JSON.stringify({ step: 123, model_config: config }));
      const file = await openModelFile(pt), folder = await openModelFile(path("golden/models/nanochat"));
      strictEqual(file.format, "PyTorch");
      deepStrictEqual(file.config, folder.config);
      deepStrictEqual(await readWeights(file), await readWeights(folder));
      const refused = async (model_config: unknown, message: RegExp) => {
        await Deno.writeTextFile(meta, JSON.stringify({ model_config }));
        await rejects(openModelFile(pt), { name: "InvalidData", message });
      };
      await refused({ ...config, n_layer: 5 }, /tensor .* is missing|has shape/);
      await refused({ ...config, window_pattern: "SX" }, /window_pattern is "SX", expected one of SSSL, L/);
      await refused({ ...config, n_embd: "wide" }, /channels is "wide"/);
      await refused(null, /layers is/);
      await Deno.writeTextFile(meta, "{");
      await rejects(openModelFile(pt), /meta_000123\.json is not JSON/);
      const { resid_lambdas: _, ...first } = tensors;
      await Deno.writeFile(
        pt,
        torchSave(Object.fromEntries(
          Object.entries(first).map((
            [name, { shape, data }],
          ) => [name, { shape, values: [...data], key: name }]),
        )),
      );
      await Deno.writeTextFile(meta, JSON.stringify({ model_config: config }));
      await rejects(openModelFile(pt), /nanochat's first version/);
    }),
);

Deno.test("train --architecture nanochat trains from scratch, and its loss begins at that of a guess", () =>
  withShard(async (dir) => {
    const train = minute.replace("--channels 16", "--channels 32");
    const line =
      `train ${train} --architecture nanochat --key-heads 1 --window-pattern SL --train-shards ${dir}/train.bin`;
    await runsHere(0, `${line} --lr 0.01 --steps 4 --out ${dir}/run`);
    const losses = (await eventsOf(`${dir}/run`)).filter(({ type }) => type === "step").map(({ loss }) =>
      loss
    );
    ok(Math.abs(losses[0] - Math.log(257)) < 0.01, String(losses)); // the head starts near 0
    ok(losses[3] < losses[0], String(losses));
    const { config } = await openModelFile(`${dir}/run`);
    deepStrictEqual("windowPattern" in config && config.windowPattern, "SL");
  }));
