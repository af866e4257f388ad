import { deepStrictEqual, rejects } from "node:assert/strict";
import { llmcModelBytes } from "../../../../stages/format/model/llmc_layout.ts";
import { openLlmcModel, readLlmcModel, writeLlmcModel } from "../../../../stages/format/model/llmc_model.ts";
import { sharedTest } from "../../../shared_data.ts";

const sizes = { seqLen: 2, vocabSize: 3, layers: 2, heads: 1, channels: 2, paddedVocabSize: 4 };
const header = (values: readonly number[]) => {
  const h = new Int32Array(256);
  h.set(values);
  return new Uint8Array(h.buffer);
};
const good = [20240326, 3, 2, 3, 2, 1, 2, 4];
/**
 * Number of floats, counted by hand: wte 8, wpe 4, two layers of (4 + 12 + 6 + 4 + 2 + 4 + 16 + 8 + 16 + 2),
 * ln_f 4.
 */
const floats = 8 + 4 + 2 * 74 + 4;

async function inFile(parts: readonly Uint8Array<ArrayBuffer>[], run: (path: string) => Promise<void>) {
  const path = await Deno.makeTempFile({ suffix: ".bin" });
  try {
    await Deno.writeFile(path, new Uint8Array(await new Blob([...parts]).arrayBuffer()));
    await run(path);
  } finally {
    await Deno.remove(path);
  }
}

const counting = () => new Uint8Array(Float32Array.from({ length: floats }, (_, i) => i).buffer);

Deno.test("readLlmcModel() transposes linear weights and finds each layer's tensors", async () => {
  await inFile([header(good), counting()], async (path) => {
    const model = await readLlmcModel(path);
    deepStrictEqual(model.sizes, sizes);
    deepStrictEqual(Object.keys(model.weights).length, 4 + 2 * 12);
    deepStrictEqual(model.weights["wpe.weight"], { shape: [2, 2], data: Float32Array.of(8, 9, 10, 11) });
    deepStrictEqual(model.weights["h.1.ln_1.weight"].data, Float32Array.of(14, 15));
    // The `qkv` weight of layer 0 starts at float 20. It is [out 6, in 2] in the file and transposed here.
    deepStrictEqual(
      model.weights["h.0.attn.c_attn.weight"],
      { shape: [2, 6], data: Float32Array.of(20, 22, 24, 26, 28, 30, 21, 23, 25, 27, 29, 31) },
    );
    deepStrictEqual(model.weights["ln_f.bias"].data, Float32Array.of(floats - 2, floats - 1));
  });
});

Deno.test("writeLlmcModel() writes the bytes that were read", async () => {
  await inFile([header(good), counting()], async (path) => {
    const before = await Deno.readFile(path);
    await writeLlmcModel(path, await readLlmcModel(path));
    deepStrictEqual(await Deno.readFile(path), before);
  });
});

Deno.test("writeLlmcModel() pads an embedding with zeros and refuses other sizes", async () => {
  await inFile([header(good), counting()], async (path) => {
    const { weights } = await readLlmcModel(path);
    const bare = { shape: [3, 2], data: Float32Array.of(1, 2, 3, 4, 5, 6) };
    await writeLlmcModel(path, { sizes, weights: { ...weights, "wte.weight": bare } });
    const back = await readLlmcModel(path);
    deepStrictEqual(back.weights["wte.weight"].data, Float32Array.of(1, 2, 3, 4, 5, 6, 0, 0));
    deepStrictEqual(back.weights["ln_f.bias"].data, weights["ln_f.bias"].data);
    const wrong = { shape: [1, 2], data: Float32Array.of(1, 2) };
    await rejects(writeLlmcModel(path, { sizes, weights: { ...weights, "wpe.weight": wrong } }), RangeError);
    const { "ln_f.bias": _, ...missing } = weights;
    await rejects(writeLlmcModel(path, { sizes, weights: missing }), /ln_f.bias is missing/);
  });
});

for (
  const [why, values, cut] of [
    ["another magic number", [1, ...good.slice(1)], 0],
    ["another version", [20240326, 4, ...good.slice(2)], 0],
    ["bfloat16 of another length", [20240326, 5, ...good.slice(2)], 0],
    ["more layers than a model has", [20240326, 3, 1, 1, 1_000_000, 1, 1, 1], 0],
    ["a shard of tokens", [20240520, 1, 10], 0],
    ["a truncated file", good, 4],
    ["no layers", [20240326, 3, 2, 3, 0, 1, 2, 4], 0],
    ["negative channels", [20240326, 3, 2, 3, 2, 1, -2, 4], 0],
    ["sizes far beyond the file", [20240326, 3, 2147483647, 3, 2147483647, 1, 2147483647, 2147483647], 0],
    ["heads that do not divide channels", [20240326, 3, 2, 3, 2, 3, 2, 4], 0],
    ["padding below the vocabulary", [20240326, 3, 2, 5, 2, 1, 2, 4], 0],
  ] as [string, number[], number][]
) {
  Deno.test(`readLlmcModel() refuses ${why}`, async () => {
    const data = counting();
    await inFile([header(values), data.slice(0, data.length - cut)], async (path) => {
      await rejects(readLlmcModel(path), Deno.errors.InvalidData);
    });
  });
}

Deno.test("readLlmcModel() refuses a file without a whole header", async () => {
  await inFile([new Uint8Array(100)], async (path) => {
    await rejects(readLlmcModel(path), /100 bytes/);
  });
});

sharedTest("writeLlmcModel() writes an llm.c file back byte for byte", ["golden/gpt.bin"], async (path) => {
  const model = await readLlmcModel(path("golden/gpt.bin"));
  deepStrictEqual(model.sizes, {
    seqLen: 64,
    vocabSize: 512,
    layers: 2,
    heads: 2,
    channels: 64,
    paddedVocabSize: 512,
  });
  await inFile([], async (copy) => {
    await writeLlmcModel(copy, model);
    deepStrictEqual(await Deno.readFile(copy), await Deno.readFile(path("golden/gpt.bin")));
  });
});

Deno.test("llmcModelBytes() gives the file sizes of GPT-2 124M", () => {
  const gpt2 = {
    seqLen: 1024,
    vocabSize: 50257,
    layers: 12,
    heads: 12,
    channels: 768,
    paddedVocabSize: 50304,
  };
  deepStrictEqual([llmcModelBytes(gpt2, "f32"), llmcModelBytes(gpt2, "bf16")], [497_904_640, 248_952_832]);
});

Deno.test("writeLlmcModel() writes bfloat16 as version 5, and the bytes that were read", async () => {
  await inFile([header(good), counting()], async (path) => {
    const model = await readLlmcModel(path);
    await writeLlmcModel(path, model, { dtype: "bf16" });
    const first = await Deno.readFile(path);
    deepStrictEqual([first.length, first[4]], [1024 + 2 * floats, 5]);
    const file = await openLlmcModel(path);
    deepStrictEqual(file.dtype, "bf16");
    file.close();
    const rounded = await readLlmcModel(path);
    deepStrictEqual(rounded.weights["wpe.weight"], model.weights["wpe.weight"]); // 8-bit values are exact
    await writeLlmcModel(path, rounded, { dtype: "bf16" });
    deepStrictEqual(await Deno.readFile(path), first);
  });
});
