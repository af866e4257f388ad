/**
 * Fuzz tests: the readers of compressed files, weights, shards and vocabularies read mutated files. A whole
 * run has 10,000 mutants, of which 4,400 are from this file.
 *
 * @module
 */
import { gzipSync, zstdCompressSync } from "node:zlib";
import { parseResponse } from "../../../stages/format/web/http.ts";
import { gunzipMembers } from "../../../stages/format/packed/gzip.ts";
import { openDatatroveDs } from "../../../stages/format/tokens/datatrove.ts";
import { gpt2Tensors } from "../../../stages/format/model/gpt2_tensors.ts";
import { openHuggingFaceFolder } from "../../../stages/format/model/hugging_face_folder.ts";
import { readLlmcModel, writeLlmcModel } from "../../../stages/format/model/llmc_model.ts";
import { openLlmcShard, shardHeader } from "../../../stages/format/tokens/llmc_shard.ts";
import { openNanogptBin } from "../../../stages/format/tokens/nanogpt.ts";
import { readSafetensors } from "../../../stages/format/model/safetensors.ts";
import { encodeSafetensors } from "../../../stages/format/model/safetensors_bytes.ts";
import { readWeights } from "../../../stages/format/model/weight_file.ts";
import { readThrift } from "../../../stages/format/parquet/thrift.ts";
import { unzstdFrames } from "../../../stages/format/packed/zstd.ts";
import { byteTokenizer } from "../../../stages/token/byte.ts";
import { CharTokenizer } from "../../../stages/token/char.ts";
import { readTokenizer, saveTokenizer } from "../../../stages/token/files/folder.ts";
import { trainBpe } from "../../../stages/token/train/train_bpe.ts";
import { fuzz } from "../fuzz.ts";
import { writeGpt2Folder } from "./model/gpt2_folder.ts";
import { withFolder } from "../../temporary.ts";

const { InvalidData, NotFound, UnexpectedEof } = Deno.errors;
const encoder = new TextEncoder();
const text = "A line of words, é and 😀, again and again. ".repeat(60);

async function* cut(bytes: Uint8Array<ArrayBuffer>): AsyncGenerator<Uint8Array<ArrayBuffer>> {
  for (let at = 0; at < bytes.length; at += 1000) yield bytes.slice(at, at + 1000);
}

/** Registers the tests with the fraction `share` (from 0 to 1) of their mutants. */
export function fuzzFormats(share: number): void {
  Deno.test("mutants: gzip and zstd are unpacked or refused", async () => {
    for (
      const [name, unpack, pack] of [["gzip", gunzipMembers, gzipSync], [
        "zstd",
        unzstdFrames,
        zstdCompressSync,
      ]] as const
    ) {
      await fuzz({
        name,
        files: [new Uint8Array(pack(text)), new Uint8Array([...pack("one"), ...pack(""), ...pack("two")])],
        count: share * 600,
        errors: [InvalidData, UnexpectedEof],
        async read(bytes) {
          for await (const _ of unpack(cut(bytes), { name: "a" }));
        },
      });
    }
  });

  Deno.test("mutants: HTTP responses are parsed or recognized as none", async () => {
    const page = `<p>${text}</p>`;
    const head = (fields: string) => encoder.encode(`HTTP/1.1 200 OK\r\n${fields}\r\n`);
    await fuzz({
      name: "responses",
      files: [
        new Uint8Array([...head("Content-Encoding: gzip\r\n"), ...gzipSync(page)]),
        new Uint8Array([
          ...head("Transfer-Encoding: chunked\r\n"),
          ...encoder.encode("5\r\nabcde\r\n3;x=y\r\nabc\r\n0\r\n\r\n"),
        ]),
      ],
      count: share * 400,
      errors: [],
      read: (bytes) => parseResponse(bytes),
    });
  });

  Deno.test("mutants: Thrift structures are read or refused", async () => {
    const nested = Uint8Array.of(
      0x15,
      2,
      0x19,
      0x35,
      2,
      4,
      6,
      0x1c,
      0x18,
      3,
      97,
      98,
      99,
      0,
      0x11,
      0x12,
      0x16,
      0x80,
      1,
      0,
    );
    await fuzz({
      name: "thrift",
      files: [nested],
      count: share * 300,
      errors: [RangeError],
      read(bytes) {
        try {
          readThrift(bytes, 0);
        } catch (error) {
          throw error instanceof RangeError ? new RangeError(`Cannot read: ${error.message}`) : error;
        }
      },
    });
  });

  Deno.test("mutants: weights and shards are read or refused", () =>
    withFolder(async (home) => {
      const path = `${home}/mutant.bin`;
      const model = `${home}/model.bin`;
      const zeros = (...shape: number[]) => ({
        shape,
        data: new Float32Array(shape.reduce((a, b) => a * b)),
      });
      const half = `${home}/half.bin`;
      const config = { seqLen: 3, vocabSize: 5, layers: 1, heads: 2, channels: 4 };
      const sizes = { ...config, paddedVocabSize: 6 };
      const weights = Object.fromEntries(
        [...gpt2Tensors(config)].map(({ name, shape }) => [name, zeros(...shape)]),
      );
      await writeLlmcModel(model, { sizes, weights });
      await writeLlmcModel(half, { sizes, weights }, { dtype: "bf16" });
      const tokens = new Uint8Array([...shardHeader(50, 2), ...new Uint8Array(100)]);
      const kinds: [name: string, file: Uint8Array, count: number, read: () => Promise<unknown> | unknown][] =
        [
          [
            "safetensors",
            encodeSafetensors({ a: zeros(2, 3), b: { shape: [4], data: new Uint32Array(4) } }, {
              format: "pt",
            }),
            400,
            () => readSafetensors(path),
          ],
          ["llm.c model", Deno.readFileSync(model), 200, () => readLlmcModel(path)],
          ["llm.c model in bfloat16", Deno.readFileSync(half), 200, () => readLlmcModel(path)],
          ["llm.c shard", tokens, 200, () => {
            const file = openLlmcShard(path);
            try {
              file.read(0, file.count);
            } finally {
              file.close();
            }
          }],
          ["nanoGPT", new Uint8Array(100), 100, () => openNanogptBin(path).close()],
          ["datatrove", new Uint8Array(100), 100, () => openDatatroveDs(path).close()],
        ];
      for (const [name, file, count, read] of kinds) {
        await fuzz({
          name,
          files: [file],
          count: share * count,
          errors: [InvalidData, UnexpectedEof],
          async read(bytes) {
            await Deno.writeFile(path, bytes);
            await read();
          },
        });
      }
    }));

  Deno.test("mutants: Hugging Face folders are read or refused, whichever file is damaged", () =>
    withFolder(async (home) => {
      await writeGpt2Folder(home);
      const index = { metadata: { total_size: 1 }, weight_map: { "wte.weight": "model.safetensors" } };
      await Deno.writeTextFile(`${home}/model.safetensors.index.json`, JSON.stringify(index));
      for (const name of ["config.json", "model.safetensors", "model.safetensors.index.json"]) {
        const intact = Deno.readFileSync(`${home}/${name}`);
        await fuzz({
          name,
          files: [intact],
          count: share * 200,
          errors: [InvalidData, NotFound],
          async read(bytes) {
            await Deno.writeFile(`${home}/${name}`, bytes);
            await readWeights(await openHuggingFaceFolder(home));
          },
        });
        await Deno.writeFile(`${home}/${name}`, intact);
      }
    }));

  Deno.test("mutants: vocabularies are read or refused", () =>
    withFolder(async (home) => {
      const { tokenizer: bpe } = await trainBpe([text], {
        vocabSize: 300,
        pattern: "gpt2",
        special: ["<|endoftext|>"],
      });
      await saveTokenizer(bpe, { dir: `${home}/bpe` });
      await saveTokenizer(CharTokenizer.fromTexts([text]), { dir: `${home}/char` });
      await saveTokenizer(byteTokenizer(), { dir: `${home}/byte` });
      for (
        const [name, count] of [["tokenizer.json", 250], ["tokenizer.model", 250], ["merges.txt", 100], [
          "tokenizer.tiktoken",
          250,
        ], [
          "vocab.json",
          100,
        ], ["meta.json", 100]] as const
      ) {
        const dir = name === "meta.json" ? "char" : "bpe";
        const file = `${home}/${dir}/${name}`;
        const intact = Deno.readFileSync(file);
        await fuzz({
          name,
          files: [intact],
          count: share * count,
          errors: [SyntaxError, RangeError], // RangeError: the vocabulary has no token for `a`
          async read(bytes) {
            await Deno.writeFile(file, bytes);
            (await readTokenizer(file)).decode((await readTokenizer(file)).encodeOrdinary("a"));
          },
        });
        await Deno.writeFile(file, intact);
      }
    }));
}
