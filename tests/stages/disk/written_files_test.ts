/**
 * Cuts the power at every call while files and folders are written that no checkpoint describes: afterwards
 * the old or the new one is there, whole.
 *
 * @module
 */
import { deepStrictEqual, ok, strictEqual } from "node:assert/strict";
import { gpt } from "../../../kernels/models/gpt.ts";
import { initialWeights } from "../../../kernels/models/model.ts";
import { orderOf, writeModel } from "../../../pipelines/parts/write_model.ts";
import { makeFolder, makeFolderSync } from "../../../stages/disk/files.ts";
import { writeSafetensors } from "../../../stages/format/model/safetensors.ts";
import type { WeightFormat } from "../../../stages/format/model/weight_formats.ts";
import { TensorboardFile } from "../../../stages/report/tensorboard.ts";
import { claimFolder } from "../../../stages/run/claim.ts";
import { makeRunFolder, readRunFolder, requireOwn } from "../../../stages/run/folder.ts";
import { byteTokenizer } from "../../../stages/token/byte.ts";
import { CharTokenizer } from "../../../stages/token/char.ts";
import { readTokenizer, saveTokenizer } from "../../../stages/token/files/folder.ts";
import type { Tokenizer } from "../../../stages/token/tokenizer.ts";
import { atEveryCall, filesBelow } from "./power_cuts.ts";

async function exists(path: string): Promise<boolean> {
  return await Deno.stat(path).then(() => true, () => false);
}

const makers: Readonly<Record<string, (path: string) => Promise<void>>> = {
  makeFolder,
  makeFolderSync: async (path) => await Promise.resolve().then(() => makeFolderSync(path)),
  makeRunFolder,
};

for (const [name, make] of Object.entries(makers)) {
  Deno.test(`${name}(): a power cut afterwards leaves the folder and its parents`, async () => {
    const calls = await atEveryCall((dir) => make(`${dir}/a/b/c`), async (dir, whole) => {
      strictEqual(!whole || await exists(`${dir}/a/b/c`), true);
    });
    ok(calls > 2, `${calls} calls`);
  });
}

/** A byte-pair tokenizer and two of characters, whose folders hold different files. */
const tokenizers: Readonly<Record<string, Tokenizer>> = {
  bytes: byteTokenizer(),
  abc: CharTokenizer.fromTexts(["abc"]),
  abcd: CharTokenizer.fromTexts(["abcd"]),
};

for (const names of [["bytes", "abc"], ["abc", "bytes"], ["abc", "abcd"]]) {
  Deno.test(`saveTokenizer(), ${names.join(", then ")}: after a power cut, the old or the new one is read`, async () => {
    const sizes: readonly (number | null)[] = [null, ...names.map((name) => tokenizers[name].vocabSize)];
    let done = 0;
    await atEveryCall(async (dir) => {
      done = 0;
      for (const name of names) {
        await saveTokenizer(tokenizers[name], { dir: `${dir}/tokenizer` });
        done++;
      }
    }, async (dir) => {
      const size = await exists(`${dir}/tokenizer`)
        ? (await readTokenizer(`${dir}/tokenizer`)).vocabSize
        : null;
      ok(sizes.slice(done, done + 2).includes(size), `read a vocabulary of ${size} after ${done} saves`);
      // As the command typed again does:
      await saveTokenizer(tokenizers[names[1]], { dir: `${dir}/tokenizer` });
      strictEqual((await readTokenizer(`${dir}/tokenizer`)).vocabSize, sizes.at(-1));
      strictEqual(await exists(`${dir}/tokenizer.writing`), false);
    });
  });
}

const config = gpt({ layers: 1, heads: 1, channels: 4, seqLen: 4, vocabSize: 5, vocabPad: 1 }).config;

for (const format of ["llm.c", "Hugging Face", "checkpoint"] satisfies WeightFormat[]) {
  Deno.test(`writeModel(), ${format}: after a power cut at any call, the model is there whole or not at all`, async () => {
    const write = async (dir: string): Promise<void> => {
      const padding = { paddedVocabSize: 5, rows: 5 };
      const target = {
        format,
        path: `${dir}/models/model`,
        config,
        dtype: "f32",
        padding,
        tokenizer: null,
      } as const;
      const weights = initialWeights(gpt(config), 1);
      const writer = await writeModel(target);
      try {
        for (const { name } of orderOf(target)) await writer.write(weights[name].data as Float32Array);
        await writer.end();
      } finally {
        await writer.close();
      }
    };
    const dir = await Deno.makeTempDir();
    await write(dir);
    const wanted = filesBelow(dir);
    await Deno.remove(dir, { recursive: true });
    await atEveryCall(write, async (dir, whole) => {
      if (await exists(`${dir}/models/model`)) {
        await Deno.remove(`${dir}/models/model.writing`, { recursive: true }).catch(() => {});
      } else ok(!whole, "the model is not there");
      if (!await exists(`${dir}/models/model`)) await write(dir);
      deepStrictEqual(filesBelow(dir), wanted);
    });
  });
}

Deno.test("writeSafetensors(): a power cut afterwards leaves all bytes", async () => {
  const tensors = { w: { shape: [2], data: Float32Array.of(1, 2) } };
  await atEveryCall((dir) => writeSafetensors(`${dir}/model`, tensors), async (dir, whole) => {
    // The caller syncs the name, with those of the folder's other files.
    const size = await Deno.stat(`${dir}/model`).then(({ size }) => size, () => null);
    ok(!whole || size === null || size > 8, `${size} bytes`);
  });
});

Deno.test("TensorboardFile: after a power cut at any call, what was saved is there", async () => {
  const event = { type: "eval", step: 1, valLoss: 2 } as const;
  let saved = 0;
  await atEveryCall(async (dir) => {
    saved = 0;
    const file = new TensorboardFile(`${dir}/events`);
    for (let i = 0; i < 2; i++) {
      file.append(event);
      saved = file.save().bytes;
    }
    file.append(event);
    await Promise.resolve(file.close());
    saved += Math.floor(saved / 3); // a third event
  }, async (dir) => {
    const size = await Deno.stat(`${dir}/events`).then(({ size }) => size, () => 0);
    ok(size >= saved, `${size} bytes, saved ${saved}`);
    const file = new TensorboardFile(`${dir}/events`);
    file.restore({ bytes: saved });
    file.close();
    strictEqual((await Deno.stat(`${dir}/events`)).size, saved);
  });
});

Deno.test("claimFolder(): after a power cut at any call, the folder is no foreign one and can be claimed", async () => {
  const calls = await atEveryCall(async (dir) => {
    using _claim = await claimFolder(`${dir}/run`);
    await makeFolder(`${dir}/run/shards`); // so that the lock stays, as the mark of a run
  }, async (dir) => {
    requireOwn(await readRunFolder(`${dir}/run`), `${dir}/run`);
    using _claim = await claimFolder(`${dir}/run`);
  }, { all: true });
  ok(calls > 3, `${calls} calls`);
});
