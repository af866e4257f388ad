/**
 * Tests llama2.c's model files and tokenizer.bin: files made from the format's description, and its forward
 * pass in float64.
 *
 * @module
 */
import { deepStrictEqual, match, ok, rejects, strictEqual, throws } from "node:assert/strict";
import { openCpu } from "../../../../../kernels/engine/cpu/cpu_engine.ts";
import type { LlamaConfig } from "../../../../../kernels/models/llama_options.ts";
import { llama } from "../../../../../kernels/models/llama.ts";
import { initialWeights } from "../../../../../kernels/models/model.ts";
import { llamaConfigText } from "../../../../../stages/format/model/llama_config_text.ts";
import { llama2cMisfit } from "../../../../../stages/format/model/llama2c/layout.ts";
import {
  createLlama2cModel,
  isLlama2cFile,
  openLlama2cModel,
} from "../../../../../stages/format/model/llama2c/llama2c_model.ts";
import { splitLlamaTensors } from "../../../../../stages/format/model/llama_tensors.ts";
import { readSafetensors, writeSafetensors } from "../../../../../stages/format/model/safetensors.ts";
import { readWeights } from "../../../../../stages/format/model/weight_file.ts";
import { openModel } from "../../../../../stages/model/model_session.ts";
import { plan } from "../../../../../stages/model/plan.ts";
import {
  llama2cTokenizer,
  parseLlama2cTokenizer,
} from "../../../../../stages/token/files/llama2c_tokenizer.ts";
import { ggufTokenizer } from "../../../../../stages/token/gguf/gguf_tokenizer.ts";
import { loadTokenizer } from "../../../../../stages/token/load_tokenizer.ts";
import { runsHere } from "../../../../pipelines/in_process.ts";
import { withFolder } from "../../../../temporary.ts";
import { fuzz } from "../../../fuzz.ts";
import { prefixed, sentencePieceMetadata } from "../../../token/gguf/metadata.ts";
import { fileOf, logitsOf, type Sizes } from "./run_c.ts";

const shared: Sizes = { dim: 64, hidden: 96, layers: 2, heads: 4, keyHeads: 2, vocabulary: 50, length: 32 };
const own: Sizes = { ...shared, dim: 32, hidden: 64, keyHeads: 4, vocabulary: -40, layers: 1 };
const tokens = [3, 17, 29, 3, 8, 21];

/** Returns the logits of the last token by the project's own model. */
async function projectLogits(path: string): Promise<Float32Array> {
  const file = await openLlama2cModel(path);
  const planned = plan({ model: llama(file.config as LlamaConfig), sampling: true });
  await using session = await openModel(await openCpu(), { plan: planned, weights: await readWeights(file) });
  return await session.logits(tokens);
}

function near(got: Float32Array, wanted: readonly number[], what: string): void {
  strictEqual(got.length, wanted.length, what);
  wanted.forEach((x, i) =>
    ok(Math.abs(got[i] - x) < 1e-4 * Math.max(1, Math.abs(x)), `${what}: ${i}: ${got[i]} ${x}`)
  );
}

Deno.test("files of every version, made from the format's description, give run.c's logits", async () => {
  await withFolder(async (dir) => {
    for (const sizes of [shared, own]) {
      for (const version of [0, 1, 2] as const) {
        const path = `${dir}/model.bin`, bytes = fileOf(sizes, version);
        await Deno.writeFile(path, bytes);
        ok(await isLlama2cFile(path));
        near(await projectLogits(path), logitsOf(bytes, tokens), `version ${version}`);
      }
    }
  });
});

/** Writes a model's file; returns the weights. */
async function write(path: string, config: LlamaConfig, version: 0 | 1 | 2) {
  const weights = initialWeights(llama(config), 4), tensors = splitLlamaTensors(weights, config);
  const writer = await createLlama2cModel(path, { config, version });
  for (const { name } of writer.order) await writer.write(new Float32Array(tensors[name].data));
  await writer.end();
  writer.close();
  return weights;
}

const config: LlamaConfig = {
  layers: 2,
  heads: 4,
  keyHeads: 2,
  headWidth: 16,
  channels: 64,
  hidden: 96,
  seqLen: 16,
  vocabSize: 50,
};

Deno.test("what is written in every version is read back, and computes run.c's logits", async () => {
  await withFolder(async (dir) => {
    for (const tie of [true, false]) {
      for (const version of [0, 1, 2] as const) {
        const path = `${dir}/model.bin`, weights = await write(path, { ...config, tie }, version);
        const file = await openLlama2cModel(path), read = await readWeights(file);
        deepStrictEqual([file.version, (file.config as LlamaConfig).tie ?? true], [version, tie]);
        near(await projectLogits(path), logitsOf(await Deno.readFile(path), tokens), `version ${version}`);
        for (const [name, { data }] of Object.entries(weights)) {
          const most = Math.max(...Array.from(data, Math.abs));
          const within = version < 2 || name.includes("norm") ? 0 : most / 127 * 0.51;
          ok(data.every((x, i) => Math.abs(x - read[name].data[i]) <= within), name);
        }
        // The tables of cosines and sines, which run.c skips, are those of the format.
        if (version > 0) continue;
        const bytes = await Deno.readFile(path), view = new DataView(bytes.buffer);
        const tables = bytes.length - 4 * 16 * 16 - (tie ? 0 : 4 * 50 * 64);
        ok(Math.abs(view.getFloat32(tables + 4 * 8, true) - Math.cos(1)) < 1e-6);
        ok(
          Math.abs(view.getFloat32(tables + 4 * 16 * 8 + 4 * 9, true) - Math.sin(10_000 ** (-1 / 8))) < 1e-6,
        );
      }
    }
  });
});

Deno.test("a damaged file is refused with the reason, and a file of another kind is not taken for llama2.c's", async () => {
  await withFolder(async (dir) => {
    const path = `${dir}/model.bin`, good = fileOf(shared, 1);
    const refused = async (change: (view: DataView) => void, message: RegExp, length = good.length) => {
      const bytes = good.slice(0, length);
      change(new DataView(bytes.buffer));
      await Deno.writeFile(path, bytes);
      ok(await isLlama2cFile(path));
      await rejects(openLlama2cModel(path), message);
    };
    await refused(() => {}, /has \d+ bytes, but the sizes in its header need \d+/, good.length - 1);
    await refused(() => {}, /fewer than a header/, 255);
    await refused((view) => view.setInt32(4, 3, true), /its version is 3, expected 1 or 2/);
    await refused((view) => view.setInt32(8, 66, true), /headWidth is 16\.5/);
    await refused((view) => view.setInt32(16, -1, true), /layers is -1/);
    await refused((view) => view.setInt32(16, 2 ** 30, true), /layers is/);
    await refused((view) => view.setInt32(4, 2, true), /group size is 0/);
    for (
      const bytes of [
        new Uint8Array(10),
        fileOf(shared, 0).slice(0, -1),
        new TextEncoder().encode("x".repeat(999)),
      ]
    ) {
      await Deno.writeFile(path, bytes);
      ok(!await isLlama2cFile(path));
    }
  });
});

Deno.test("what llama2.c's files cannot hold is refused by the option's name", async () => {
  strictEqual(llama2cMisfit(config), null);
  strictEqual(llama2cMisfit({ ...config, window: 16, globalEvery: 3, scoreWidth: 16, vocabPad: 8 }), null);
  const cases: readonly Partial<LlamaConfig>[] = [
    { normEps: 1e-6 },
    { ropeBase: 1e6 },
    { headWidth: 8 },
    { gate: "gelu" },
    { attentionBias: "qkv" },
    { mlpBias: true },
    { queryNorm: true },
    { gemma: true },
    { window: 15 },
    { ropeEvery: 2 },
    { ropeScaling: "linear" },
    { logitCap: 1 },
    { attentionCap: 1 },
    { scoreWidth: 9 },
  ];
  for (const change of cases) {
    deepStrictEqual(llama2cMisfit({ ...config, ...change })?.option, Object.keys(change)[0]);
  }
  await rejects(
    createLlama2cModel("no.bin", { config: { ...config, normEps: 1e-6 }, version: 0 }),
    /Cannot write no\.bin: in llama2\.c files normEps is always 0\.00001/,
  );
});

Deno.test("1000 mutants of llama2.c's files are read or refused", () =>
  withFolder(async (dir) => {
    const small = { ...shared, dim: 16, hidden: 16, heads: 2, vocabulary: 20, length: 4 };
    for (const version of [0, 1, 2] as const) {
      await fuzz({
        name: `llama2.c ${version}`,
        files: [fileOf(version === 2 ? shared : small, version)],
        count: 200,
        errors: [Deno.errors.InvalidData],
        async read(bytes) {
          await Deno.writeFile(`${dir}/model.bin`, bytes);
          await readWeights(await openLlama2cModel(`${dir}/model.bin`));
        },
      });
    }
    const tokenizer = llama2cTokenizer(ggufTokenizer(prefixed(sentencePieceMetadata()), "x"), 289);
    ok(tokenizer instanceof Uint8Array);
    await fuzz({
      name: "tokenizer.bin",
      files: [tokenizer],
      count: 400,
      errors: [SyntaxError],
      read: (bytes) => void parseLlama2cTokenizer(bytes, "tokenizer.bin"),
    });
  }));

Deno.test("tokenizer.bin holds a SentencePiece vocabulary, and gives llama2.c's ids", () => {
  const tokenizer = ggufTokenizer(prefixed(sentencePieceMetadata()), "model.gguf"), { vocabSize } = tokenizer;
  const bytes = llama2cTokenizer(tokenizer, vocabSize);
  ok(bytes instanceof Uint8Array);
  const read = parseLlama2cTokenizer(bytes, "tokenizer.bin");
  deepStrictEqual(read.roles, { eos: [2], bos: 1, unk: 0 });
  strictEqual(read.vocabSize, vocabSize);
  for (const text of ["hello", " hello  abc", "abcbc ü好\n", "", "a 12.", "bcbcab"]) {
    deepStrictEqual([...read.encodeOrdinary(text)], llama2cEncode(bytes, text), JSON.stringify(text));
    deepStrictEqual([...read.encodeOrdinary(text)], [...tokenizer.encodeOrdinary(text)]);
    strictEqual(read.decode(read.encodeOrdinary(text)), text);
  }
  deepStrictEqual(llama2cTokenizer(read, vocabSize), bytes);
  const refused = (change: (copy: Uint8Array<ArrayBuffer>) => Uint8Array<ArrayBuffer>, message: RegExp) =>
    throws(
      () => parseLlama2cTokenizer(change(bytes.slice()), "tokenizer.bin"),
      (error: Error) => error instanceof SyntaxError && message.test(error.message),
    );
  refused((copy) => copy.slice(0, 3), /it has 3 bytes/);
  refused((copy) => copy.slice(0, -1), /is cut off or too long/);
  refused((copy) => copy.slice(0, 400), /tokens, expected at least 259|cut off/);
  refused((copy) => copy.fill(0xFF, 0, 4), /longest token has 4294967295 bytes/);
  refused((copy) => copy.fill(0x41, 13, 14), /token 0 is/);
});

/** llama2.c's encoding: a blank, then characters or bytes, then the best pair until there is none. */
function llama2cEncode(file: Uint8Array<ArrayBuffer>, text: string): number[] {
  const view = new DataView(file.buffer), vocabulary: { text: string; score: number }[] = [];
  for (let at = 4; at < file.length;) {
    const length = view.getUint32(at + 4, true);
    vocabulary.push({
      score: view.getFloat32(at, true),
      text: new TextDecoder().decode(file.slice(at + 8, at + 8 + length)),
    });
    at += 8 + length;
  }
  const idOf = (text: string) => vocabulary.findIndex((token) => token.text === text);
  const ids = [...text === "" ? "" : ` ${text}`].flatMap((character) => {
    const id = idOf(character);
    return id >= 0 ? [id] : [...new TextEncoder().encode(character)].map((byte) => byte + 3);
  });
  for (;;) {
    let best = -1, score = -1e10;
    for (let i = 0; i + 1 < ids.length; i++) {
      const id = idOf(vocabulary[ids[i]].text + vocabulary[ids[i + 1]].text);
      if (id >= 0 && vocabulary[id].score > score) [best, score] = [i, vocabulary[id].score];
    }
    if (best < 0) return ids;
    ids.splice(best, 2, idOf(vocabulary[ids[best]].text + vocabulary[ids[best + 1]].text));
  }
}

Deno.test("convert writes llama2.c's files with tokenizer.bin, and back; sample needs nothing else", async () => {
  await withFolder(async (dir) => {
    const tokenizer = ggufTokenizer(prefixed(sentencePieceMetadata()), "model.gguf");
    const wide = { ...config, vocabSize: tokenizer.vocabSize }, hf = `${dir}/hf`;
    await Deno.mkdir(hf);
    await writeSafetensors(
      `${hf}/model.safetensors`,
      splitLlamaTensors(initialWeights(llama(wide), 3), wide),
    );
    await Deno.writeTextFile(
      `${hf}/config.json`,
      llamaConfigText(wide, { dtype: "f32", endOfText: 2, path: hf }),
    );
    await Deno.writeTextFile(`${hf}/tokenizer.json`, "json" in tokenizer ? String(tokenizer.json) : "");
    for (const version of ["", " --llama2c-version 1"]) {
      await Deno.mkdir(`${dir}/bin`);
      const { out } = await runsHere(0, `convert --from ${hf} --to ${dir}/bin/m.bin${version}`);
      ok(!out.includes("Changed:"), out);
      deepStrictEqual([...Deno.readDirSync(`${dir}/bin`)].map(({ name }) => name).sort(), [
        "m.bin",
        "tokenizer.bin",
      ]);
      await runsHere(0, `convert --from ${dir}/bin/m.bin --to ${dir}/back`);
      const [a, b] = [`${hf}/model.safetensors`, `${dir}/back/model.safetensors`].map((path) =>
        readSafetensors(path)
      );
      deepStrictEqual(await b, await a);
      const ids = (path: string) => loadTokenizer(path).then((own) => [...own.encodeOrdinary("hello abc ü")]);
      deepStrictEqual(await ids(`${dir}/back`), await ids(hf));
      const sample =
        `sample --checkpoint ${dir}/bin/m.bin --prompt hello --temperature 0 --max-tokens 2 --device cpu`;
      ok((await runsHere(0, sample)).out.startsWith("hello"));
      await Deno.remove(`${dir}/back`, { recursive: true });
      await Deno.remove(`${dir}/bin`, { recursive: true });
    }
    const other = llama2cTokenizer(tokenizer, wide.vocabSize) as Uint8Array<ArrayBuffer>;
    new DataView(other.buffer).setFloat32(4, 7, true);
    await Deno.writeFile(`${dir}/tokenizer.bin`, other);
    const kept = await runsHere(0, `convert --from ${hf} --to ${dir}/q.bin --llama2c-version 2`);
    match(kept.out, /no tokenizer\.bin is written: another one is there already/);
    deepStrictEqual(await Deno.readFile(`${dir}/tokenizer.bin`), other);
    match(
      (await runsHere(2, `convert --from ${hf} --to ${dir}/x.bin --dtype bf16`)).err,
      /--llama2c-version 2/,
    );
  });
});
