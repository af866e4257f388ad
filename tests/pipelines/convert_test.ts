import { deepStrictEqual, ok, rejects } from "node:assert/strict";
import { createHash } from "node:crypto";
import type { TensorMap } from "../../kernels/core/tensor.ts";
import { openEngine } from "../../kernels/engine/open.ts";
import { gpt } from "../../kernels/models/gpt.ts";
import convert from "../../pipelines/convert.ts";
import { environment } from "../../pipelines/cli/run/environment.ts";
import { type StartingWeights, startingWeights } from "../../pipelines/parts/starting_weights.ts";
import { openLlmcModel } from "../../stages/format/model/llmc_model.ts";
import { plan } from "../../stages/model/plan.ts";
import { openModel } from "../../stages/model/model_session.ts";
import { CharTokenizer } from "../../stages/token/char.ts";
import { saveTokenizer } from "../../stages/token/files/folder.ts";
import { loadTokenizer } from "../../stages/token/load_tokenizer.ts";
import { trainBpe } from "../../stages/token/train/train_bpe.ts";
import { smallConfig, writeGpt2Folder } from "../stages/format/model/gpt2_folder.ts";
import { sharedTest } from "../shared_data.ts";
import { errorLine, eventsOf, run, runsTo, withFolder } from "./program.ts";

type Changes = Readonly<{ dtype?: "f32" | "bf16"; vocabPad?: number; tokenizer?: string }>;

/** Runs convert in this process and returns its last lines. */
async function converted(
  from: string,
  to: string,
  { stop, ...changes }: Changes & { readonly stop?: AbortSignal } = {},
): Promise<readonly string[]> {
  const values = { from, to, dtype: null, vocabPad: null, llama2cVersion: null, tokenizer: null, ...changes };
  const env = environment({
    values: { device: "cpu", seed: 1, workers: 1 },
    out: "runs/convert",
    resumed: false,
    signal: new AbortController().signal,
    emit() {},
    print() {},
  });
  const { stopped } = await (await convert.build(values, env)).run(stop === undefined ? {} : { stop });
  if (stopped) return [];
  const end = await convert.finish?.(values, env, {
    stages: [],
    seconds: 0,
    earlier: { documents: 0, characters: 0 },
  }) ?? [];
  return "results" in end ? [...end.results, ...end.hints] : end;
}

const namesIn = (dir: string) => [...Deno.readDirSync(dir)].map(({ name }) => name).sort();
const sumOf = (path: string) => createHash("sha256").update(Deno.readFileSync(path)).digest("hex");

async function logitsOf({ config, weights }: StartingWeights): Promise<Float32Array> {
  const { engine } = await openEngine("cpu", { threads: 1 });
  const planned = plan({ model: gpt({ ...config, vocabPad: 1 }), sampling: true });
  await using model = await openModel(engine, { plan: planned, weights });
  return await model.logits(Uint32Array.of(3, 1, 4));
}

sharedTest(
  "convert from llm.c to Hugging Face to a checkpoint and back gives the same bytes and logits",
  ["golden/gpt.bin"],
  (path) =>
    withFolder(async (dir) => {
      const golden = path("golden/gpt.bin");
      await converted(golden, `${dir}/hf/`);
      deepStrictEqual(namesIn(`${dir}/hf`), ["config.json", "generation_config.json", "model.safetensors"]);
      await converted(`${dir}/hf`, `${dir}/run/checkpoints/step-000000`);
      await converted(`${dir}/run/checkpoints/step-000000`, `${dir}/back.bin`);
      deepStrictEqual(sumOf(`${dir}/back.bin`), sumOf(golden));
      await converted(`${dir}/back.bin`, `${dir}/again.bin`);
      deepStrictEqual(sumOf(`${dir}/again.bin`), sumOf(golden));
      await converted(`${dir}/run/checkpoints/step-000000/`, `${dir}/hf2`);
      deepStrictEqual(sumOf(`${dir}/hf2/model.safetensors`), sumOf(`${dir}/hf/model.safetensors`));

      await converted(`${dir}/hf2`, `${dir}/half`, { dtype: "bf16" });
      await converted(`${dir}/half`, `${dir}/half.bin`);
      await converted(`${dir}/half.bin`, `${dir}/half2`);
      deepStrictEqual(sumOf(`${dir}/half2/model.safetensors`), sumOf(`${dir}/half/model.safetensors`));
      deepStrictEqual(Deno.statSync(`${dir}/half.bin`).size, (Deno.statSync(golden).size - 1024) / 2 + 1024);

      const wanted = await logitsOf(await startingWeights(golden));
      for (const place of ["hf", "run/checkpoints/step-000000", "back.bin"]) {
        deepStrictEqual(await logitsOf(await startingWeights(`${dir}/${place}`)), wanted);
      }
      const rounded = await logitsOf(await startingWeights(`${dir}/half.bin`));
      deepStrictEqual(await logitsOf(await startingWeights(`${dir}/half`)), rounded);
      const furthest = Math.max(...rounded.map((x, i) => Math.abs(x - wanted[i])));
      ok(furthest > 0 && furthest < 0.02, `${furthest}`); // bfloat16 has 8 significant bits
    }),
);

sharedTest(
  "convert needs memory for its largest tensor only",
  ["golden/gpt.bin"],
  (path) =>
    withFolder(async (dir) => {
      const golden = path("golden/gpt.bin"), largest = 512 * 64 * 4;
      const { read, write } = Deno.FsFile.prototype;
      let held = 0, most = 0; // bytes that have been read and not yet written
      Deno.FsFile.prototype.read = async function (into) {
        const count = await read.call(this, into);
        most = Math.max(most, held += count ?? 0);
        return count;
      };
      Deno.FsFile.prototype.write = async function (bytes) {
        const count = await write.call(this, bytes);
        held -= count;
        return count;
      };
      try {
        for (
          const [from, to] of [[golden, "hf"], [`${dir}/hf`, "hf2"], [
            `${dir}/hf`,
            "x.bin",
          ]]
        ) {
          held = most = 0;
          await converted(from, `${dir}/${to}`);
          ok(
            most > 0.9 * largest && most < 1.1 * largest,
            `${to}: ${most} bytes, the largest tensor has ${largest}`,
          );
        }
      } finally {
        Object.assign(Deno.FsFile.prototype, { read, write });
      }
    }),
);

Deno.test("convert pads embeddings, removes padding, and writes zeros for the biases that a model lacks", () =>
  withFolder(async (dir) => {
    await writeGpt2Folder(`${dir}/hf`);
    await converted(`${dir}/hf`, `${dir}/a.bin`);
    await converted(`${dir}/a.bin`, `${dir}/b.bin`);
    await converted(`${dir}/b.bin`, `${dir}/c.bin`, { vocabPad: 2 });
    await converted(`${dir}/c.bin`, `${dir}/d.bin`);
    const rows = await Promise.all(["a", "b", "c", "d"].map(async (name) => {
      const file = await openLlmcModel(`${dir}/${name}.bin`);
      file.close();
      return file.sizes.paddedVocabSize;
    }));
    deepStrictEqual(rows, [128, 128, 6, 6]);
    await converted(`${dir}/d.bin`, `${dir}/hf2`);
    deepStrictEqual(
      (await startingWeights(`${dir}/hf2`)).weights,
      (await startingWeights(`${dir}/hf`)).weights,
    );

    const checkpoint = `${dir}/run/checkpoints/step-7`;
    await writeGpt2Folder(`${dir}/bare`, { config: { ...smallConfig, bias: false } });
    const before = await startingWeights(`${dir}/bare`);
    await converted(`${dir}/bare`, checkpoint);
    deepStrictEqual(await startingWeights(checkpoint), { ...before, step: 0 });
    const lines = await converted(checkpoint, `${dir}/zeros`);
    ok(
      lines.includes("Changed: bias false is stored as true with zeros, which computes the same"),
      `${lines}`,
    );
    const after = await startingWeights(`${dir}/zeros`);
    ok(isZero(after.weights, "h.1.attn.c_attn.bias") && isZero(after.weights, "ln_f.bias"));
    deepStrictEqual(await logitsOf(after), await logitsOf({ ...after, weights: zeroBiases(before, after) }));
    await converted(checkpoint, `${dir}/zeros.bin`);
  }));

const isZero = (weights: TensorMap, name: string) => weights[name].data.every((x) => x === 0);

/** Returns the weights of `one`, plus the tensors that only `other` has: the biases. */
function zeroBiases(one: StartingWeights, other: StartingWeights): TensorMap {
  return { ...other.weights, ...one.weights };
}

Deno.test("convert removes unfinished files when it fails, and overwrites nothing", () =>
  withFolder(async (dir) => {
    await writeGpt2Folder(`${dir}/hf`);
    await converted(`${dir}/hf`, `${dir}/a.bin`);
    for (const place of ["a.bin", "hf", "a.bin/x", "model.pt", "model.safetensors"]) {
      await rejects(() => converted(`${dir}/hf`, `${dir}/${place}`));
    }
    const size = Deno.statSync(`${dir}/a.bin`).size;
    const { write } = Deno.FsFile.prototype;
    let free = 600; // bytes left until the disk is full
    Deno.FsFile.prototype.write = async function (bytes) {
      if ((free -= bytes.length) < 0) throw new Error("No space left on device (os error 28)");
      return await write.call(this, bytes);
    };
    try {
      await rejects(() => converted(`${dir}/a.bin`, `${dir}/full`), /No space left/);
      free = 1500;
      await rejects(() => converted(`${dir}/hf`, `${dir}/full.bin`), /No space left/);
    } finally {
      Object.assign(Deno.FsFile.prototype, { write });
    }
    deepStrictEqual(namesIn(dir), ["a.bin", "hf"]);
    deepStrictEqual(Deno.statSync(`${dir}/a.bin`).size, size);
    const stop = new AbortController();
    let writes = 0;
    Deno.FsFile.prototype.write = async function (bytes) {
      if (++writes === 4) stop.abort(); // Ctrl-C
      return await write.call(this, bytes);
    };
    try {
      deepStrictEqual(await converted(`${dir}/hf`, `${dir}/stopped.bin`, { stop: stop.signal }), []);
    } finally {
      Object.assign(Deno.FsFile.prototype, { write });
    }
    deepStrictEqual([writes < 10, namesIn(dir)], [true, ["a.bin", "hf"]]);
    Deno.truncateSync(`${dir}/hf/model.safetensors`, 700);
    await rejects(() => converted(`${dir}/hf`, `${dir}/b.bin`), Deno.errors.InvalidData);
    deepStrictEqual(namesIn(dir), ["a.bin", "hf"]);
  }));

Deno.test("convert writes the tokenizer into folders, and sample reads it there", () =>
  withFolder(async (dir) => {
    await writeGpt2Folder(`${dir}/hf`, { config: { ...smallConfig, vocabSize: 300 } });
    await converted(`${dir}/hf`, `${dir}/own`, { tokenizer: "byte" });
    const files = ["config.json", "generation_config.json", "model.safetensors"];
    // vocab.json and merges.txt cannot hold the byte tokenizer's pattern.
    deepStrictEqual(namesIn(`${dir}/own`), [...files, "tokenizer.json", "tokenizer_config.json"]);
    deepStrictEqual(JSON.parse(Deno.readTextFileSync(`${dir}/own/config.json`)).eos_token_id, 256);
    await converted(`${dir}/own`, `${dir}/run/checkpoints/step-1`);
    for (const place of ["own", "run/checkpoints/step-1"]) {
      const { out } = await runsTo(0, [
        "sample",
        ..."--prompt ab --max-tokens 1 --device cpu --workers 1 --quiet --checkpoint".split(" "),
        `${dir}/${place}`,
      ]);
      ok(out.startsWith("ab"), out);
    }
    await rejects(
      () => converted(`${dir}/own`, `${dir}/wide`, { tokenizer: "gpt2" }),
      /50257 tokens, the model 300/,
    );
  }));

Deno.test("convert keeps the tokens that begin and end texts", () =>
  withFolder(async (dir) => {
    const { tokenizer } = await trainBpe(["a b"], {
      vocabSize: 300,
      special: ["<s>", "</s>", "<turn>", "<unk>"],
    });
    const [bos, eos, turn] = ["<s>", "</s>", "<turn>"].map((text) => tokenizer.encodeSingleToken(text));
    await writeGpt2Folder(`${dir}/hf`, { config: { ...smallConfig, vocabSize: tokenizer.vocabSize } });
    await saveTokenizer(tokenizer, { dir: `${dir}/hf` });
    const write = (name: string, json: object): void =>
      Deno.writeTextFileSync(`${dir}/hf/${name}`, JSON.stringify(json));
    write("tokenizer_config.json", { bos_token: "<s>", eos_token: "</s>", unk_token: "<unk>" });
    write("generation_config.json", { bos_token_id: bos, eos_token_id: [eos, turn] });
    await converted(`${dir}/hf`, `${dir}/own`);
    await converted(`${dir}/own`, `${dir}/run/checkpoints/step-1`);
    await converted(`${dir}/run/checkpoints/step-1`, `${dir}/again`);
    for (const folder of ["own", "again"]) {
      const read = (name: string) => JSON.parse(Deno.readTextFileSync(`${dir}/${folder}/${name}`));
      for (const name of ["config.json", "generation_config.json"]) {
        deepStrictEqual([read(name).bos_token_id, read(name).eos_token_id], [bos, [eos, turn]], name);
      }
      const { bos_token, eos_token, unk_token } = read("tokenizer_config.json");
      deepStrictEqual([bos_token, eos_token, unk_token], ["<s>", "</s>", "<unk>"]);
    }
  }));

Deno.test("convert writes a character model's tokenizer.json, which is read as that tokenizer", () =>
  withFolder(async (dir) => {
    const tokenizer = CharTokenizer.fromTexts(["abc"]);
    await writeGpt2Folder(`${dir}/hf`, { config: { ...smallConfig, vocabSize: tokenizer.vocabSize } });
    await saveTokenizer(tokenizer, { dir: `${dir}/hf` });
    await converted(`${dir}/hf`, `${dir}/own`);
    const again = await loadTokenizer(`${dir}/own/tokenizer.json`);
    deepStrictEqual([...again.encode("cab<|endoftext|>", { allowedSpecial: "all" })], [2, 0, 1, 3]);
    deepStrictEqual(
      JSON.parse(Deno.readTextFileSync(`${dir}/own/tokenizer_config.json`)).eos_token,
      "<|endoftext|>",
    );
  }));

sharedTest(
  "train --init-from a converted Hugging Face folder prints llm.c's losses",
  ["golden/gpt.bin", "golden/tokens.bin", "golden/llmc.txt"],
  (path) =>
    withFolder(async (dir) => {
      const wanted = [
        ...Deno.readTextFileSync(path("golden/llmc.txt")).matchAll(/^step \d+ loss ([\d.]+)/gm),
      ];
      const { out } = await runsTo(0, ["convert", "--from", path("golden/gpt.bin"), "--to", `${dir}/hf`]);
      ok(/^Next:.*sample --checkpoint/m.test(out), out);
      const words =
        "--batch-size 4 --seq-len 64 --lr 1e-3 --schedule constant --warmup 0 --beta2 0.999 --weight-decay 0 --grad-clip 0 " +
        "--shuffle none --steps 20 --sample-every 0 --device cpu --workers 1 --quiet";
      await runsTo(0, [
        "train",
        ...["--init-from", `${dir}/hf`, "--train-shards", path("golden/tokens.bin"), "--out", `${dir}/run`],
        ...words.split(" "),
      ]);
      const steps = (await eventsOf(`${dir}/run`)).filter(({ type }) => type === "step");
      deepStrictEqual(steps.length, wanted.length);
      steps.forEach(({ loss }, i) => {
        ok(Math.abs(loss - Number(wanted[i][1])) < 2e-4, `step ${i}: ${loss}, wanted ${wanted[i][1]}`);
      });
      await runsTo(0, ["convert", "--from", `${dir}/run`, "--to", `${dir}/tuned.bin`]);

      await Deno.writeFile(`${dir}/ckpt.pt`, Uint8Array.of(0x50, 0x4B, 3, 4));
      const refused = await run(["convert", "--from", `${dir}/ckpt.pt`, "--to", `${dir}/x`]);
      deepStrictEqual(refused.code, 2);
      ok(errorLine(refused).includes("it has no directory: it is no ZIP archive, or cut off"), refused.err);
    }),
);
