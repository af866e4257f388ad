/**
 * Tests that the pipelines need no other file beside a GGUF file, and that `convert` writes one whole or not
 * at all.
 *
 * @module
 */
import { deepStrictEqual, match, ok, strictEqual } from "node:assert/strict";
import { CharTokenizer } from "../../../stages/token/char.ts";
import { saveTokenizer } from "../../../stages/token/files/folder.ts";
import { loadTokenizer } from "../../../stages/token/load_tokenizer.ts";
import { readSafetensors } from "../../../stages/format/model/safetensors.ts";
import { writeGpt2Folder } from "../../stages/format/model/gpt2_folder.ts";
import { sharedTest } from "../../shared_data.ts";
import { runsHere } from "../in_process.ts";
import { withFolder } from "../program.ts";

sharedTest(
  "convert from Hugging Face to GGUF and back gives the same weights, options, tokenizer and template",
  ["llama", "smollm2", "llama3", "llama-linear", "qwen2", "qwen2-yarn", "qwen3"].map((name) =>
    `golden/models/${name}/model.safetensors`
  ),
  (path) =>
    withFolder(async (dir) => {
      for (const name of ["llama", "smollm2", "llama3", "llama-linear", "qwen2", "qwen2-yarn", "qwen3"]) {
        const source = path(`golden/models/${name}`), file = `${dir}/${name}.gguf`, folder = `${dir}/${name}`;
        const { out } = await runsHere(0, `convert --from ${source} --to ${file}`);
        ok(!out.includes("Changed:"), out);
        await runsHere(0, `convert --from ${file} --to ${folder}`);
        const [before, after] = [source, folder].map((of) => readSafetensors(`${of}/model.safetensors`));
        deepStrictEqual(await after, await before, name);
        const [own, other] = await Promise.all([file, source].map((of) => loadTokenizer(of)));
        for (const text of ["Hello, 12345 we'll", "<|im_end|>", "é\u0301\n\n  x"]) {
          const ids = [own, other].map((tokenizer) => [...tokenizer.encode(text, { allowedSpecial: "all" })]);
          deepStrictEqual(ids[0], ids[1]);
        }
        strictEqual(own.eotToken, other.eotToken);
        strictEqual(own.roles?.bos, other.roles?.bos);
      }
    }),
);

sharedTest(
  "sample, eval, tokenize and train need nothing but a GGUF file",
  ["golden/models/smollm2/model.safetensors"],
  (path) =>
    withFolder(async (dir) => {
      const folder = `${dir}/chat`;
      await Deno.mkdir(folder);
      for (const { name } of Deno.readDirSync(path("golden/models/smollm2"))) {
        await Deno.copyFile(path(`golden/models/smollm2/${name}`), `${folder}/${name}`);
      }
      await Deno.writeTextFile(`${folder}/chat_template.jinja`, "{{ messages }}");
      await runsHere(0, `convert --from ${folder} --to ${dir}/m.gguf --dtype q8_0`);
      const { out } = await runsHere(
        0,
        `sample --checkpoint ${dir}/m.gguf --prompt the --temperature 0 --max-tokens 4 --device cpu`,
      );
      ok(out.startsWith("the"), out);
      await Deno.writeTextFile(`${dir}/text.txt`, "We the People of the United States. ".repeat(40));
      const evaluated = await runsHere(
        0,
        `eval --checkpoint ${dir}/m.gguf --source ${dir}/text.txt --out ${dir}/eval --device cpu`,
      );
      match(evaluated.out, /Validation loss \d/);
      const lines = Array.from({ length: 20 }, (_, i) =>
        JSON.stringify({ text: `We the People, number ${i}.` }));
      await Deno.writeTextFile(`${dir}/text.jsonl`, lines.join("\n"));
      const line = `--source ${dir}/text.jsonl --tokenizer ${dir}/m.gguf --out ${dir}/tokens`;
      await runsHere(0, `tokenize ${line} --quiet`);
      await runsHere(
        0,
        `train --init-from ${dir}/m.gguf --train-shards ${dir}/tokens/shards/train_*.bin --steps 1 --seq-len 16 ` +
          `--batch-size 1 --grad-accum 1 --eval-every 0 --sample-every 0 --device cpu --quiet --out ${dir}/run`,
      );
      // The run keeps the tokenizer with its template; so does a folder.
      await runsHere(0, `convert --from ${dir}/run --to ${dir}/back`);
      const config = JSON.parse(await Deno.readTextFile(`${dir}/back/tokenizer_config.json`));
      deepStrictEqual([config.chat_template, config.eos_token], ["{{ messages }}", "<|im_end|>"]);
    }),
);

Deno.test("convert writes a GPT-2 without biases, and says what a GGUF file does not hold", async () => {
  await withFolder(async (dir) => {
    const config = { layers: 1, heads: 2, channels: 32, seqLen: 8, vocabSize: 5, normEps: 1e-6 };
    await writeGpt2Folder(`${dir}/hf`, { config });
    await saveTokenizer(CharTokenizer.fromTexts(["abcd"]), { dir: `${dir}/char` });
    const { out } = await runsHere(0, `convert --from ${dir}/hf --to ${dir}/m.gguf --tokenizer ${dir}/char`);
    match(out, /Changed: the file has no tokenizer: the format has no place for one of this kind/);
    await runsHere(0, `convert --from ${dir}/m.gguf --to ${dir}/back`);
    const [before, after] = ["hf", "back"].map((of) => readSafetensors(`${dir}/${of}/model.safetensors`));
    deepStrictEqual(
      Object.fromEntries(
        Object.entries(await after).map(([name, tensor]) => [name.replace("transformer.", ""), tensor]),
      ),
      await before,
    );
    const { err } = await runsHere(2, `convert --from ${dir}/hf --to ${dir}/hf2 --dtype q8_0`);
    match(err, /--to NAME\.gguf/);
  });
});

Deno.test("convert leaves nothing behind where a value does not fit, and refuses an activation by name", async () => {
  await withFolder(async (dir) => {
    await writeGpt2Folder(`${dir}/hf`, {
      config: { layers: 1, heads: 1, channels: 32, seqLen: 4, vocabSize: 5, gelu: "erf" },
    });
    const { err } = await runsHere(2, `convert --from ${dir}/hf --to ${dir}/m.gguf`);
    match(err, /in GGUF files gelu is always tanh, in this model it is erf: give --to FOLDER/);
    await writeGpt2Folder(`${dir}/big`, {
      config: { layers: 1, heads: 1, channels: 32, seqLen: 4, vocabSize: 5 },
    });
    const weights = await Deno.readFile(`${dir}/big/model.safetensors`);
    new DataView(weights.buffer).setFloat32(weights.length - 4 * 32 * 128, 1e6, true);
    await Deno.writeFile(`${dir}/big/model.safetensors`, weights);
    const failed = await runsHere(1, `convert --from ${dir}/big --to ${dir}/m.gguf --dtype f16`);
    match(failed.err, /value 1000000 is beyond those of F16: give --dtype bf16/);
    deepStrictEqual([...Deno.readDirSync(dir)].map(({ name }) => name).sort(), ["big", "hf"]);
    await runsHere(0, `convert --from ${dir}/big --to ${dir}/m.gguf --dtype bf16`);
  });
});
