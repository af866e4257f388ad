/**
 * Tests that llama.cpp runs the GGUF files that `convert` writes, with the same tokens: ids of texts, and
 * greedy continuations as far as the margin between the two best tokens is larger than llama.cpp's rounding.
 *
 * @module
 */
import { deepStrictEqual, ok, strictEqual } from "node:assert/strict";
import { openCpu } from "../../../../../kernels/engine/cpu/cpu_engine.ts";
import type { GptConfig } from "../../../../../kernels/models/gpt_options.ts";
import type { LlamaConfig } from "../../../../../kernels/models/llama_options.ts";
import { initialWeights } from "../../../../../kernels/models/model.ts";
import { modelOf } from "../../../../../kernels/models/model_of.ts";
import { startingWeights } from "../../../../../pipelines/parts/starting_weights.ts";
import { createGgufModel } from "../../../../../stages/format/model/gguf/gguf_writer.ts";
import { splitLlamaTensors } from "../../../../../stages/format/model/llama_tensors.ts";
import { openModel } from "../../../../../stages/model/model_session.ts";
import { plan } from "../../../../../stages/model/plan.ts";
import { ggufTokenizerFields } from "../../../../../stages/token/gguf/gguf_fields.ts";
import { ggufTokenizer } from "../../../../../stages/token/gguf/gguf_tokenizer.ts";
import { loadTokenizer } from "../../../../../stages/token/load_tokenizer.ts";
import { runsHere } from "../../../../pipelines/in_process.ts";
import { registryFailure } from "../../../../registry.ts";
import { sharedTest } from "../../../../shared_data.ts";
import { withFolder } from "../../../../temporary.ts";
import { prefixed, sentencePieceMetadata } from "../../../token/gguf/metadata.ts";
import { type LlamaCppJob, runLlamaCpp } from "./llama_cpp.ts";

const why = Deno.env.get("CI") === "true" ? null : await registryFailure();

const texts = [
  "Hello, world! I'll say 1234567 isn't it?",
  "  a  b\n\n\tc d",
  "naïve façade 你好 ½ ٣٤٥ 🍕",
  "<|im_start|>user\nHi<|im_end|>\n",
  "x=1; y = x**2 # done... hello",
  "WE'LL DON'T we'LL 12,345.67",
];
const ids = [40, 100, 223, 37, 177, 75, 92, 98], count = 24;
const folders = ["llama", "smollm2", "llama3", "llama-linear", "qwen2", "qwen2-yarn", "qwen3"];

/** Margins below which llama.cpp may take another token: it rounds activations to 8 bits in Q8_0 files. */
const smallMargin = { f32: 2e-3, f16: 2e-2, q8_0: 0.35 };

/** Checks files: what this project computes from them is what llama.cpp does. */
async function check(
  paths: readonly string[],
  { texts, ids, count }: Omit<LlamaCppJob, "path">,
): Promise<void> {
  const answers = await runLlamaCpp(paths.map((path) => ({ path, texts, ids, count })));
  for (const [i, path] of paths.entries()) {
    const answer = answers[i],
      tokenizer = await loadTokenizer(path),
      { config, weights } = await startingWeights(path);
    const encoded = (special: boolean) =>
      texts.map((
        text,
      ) => [...special ? tokenizer.encode(text, { allowedSpecial: "all" }) : tokenizer.encodeOrdinary(text)]);
    deepStrictEqual(answer.plain, encoded(false), path);
    deepStrictEqual(answer.special, encoded(true), path);
    const { eos = [], bos = null } = tokenizer.roles ?? {};
    deepStrictEqual([answer.eos, answer.bos], [eos[0], bos], path);
    strictEqual(answer.template, "chatTemplate" in tokenizer ? tokenizer.chatTemplate : null);

    const small = path.includes("q8_0")
      ? smallMargin.q8_0
      : path.includes("f16")
      ? smallMargin.f16
      : smallMargin.f32;
    const planned = plan({
      model: modelOf({ ...config, seqLen: Math.min(config.seqLen, 256) }),
      sampling: true,
    });
    await using session = await openModel(await openCpu(), { plan: planned, weights });
    const text = [...ids];
    for (const token of answer.greedy) {
      const logits = await session.logits(text), best = logits.indexOf(Math.max(...logits));
      if (best !== token) {
        const margin = logits[best] - logits[token];
        ok(
          margin < small,
          `${path}: token ${text.length - ids.length} is ${token}, wanted ${best}, margin ${margin}`,
        );
        break;
      }
      text.push(best);
    }
    ok(
      text.length > ids.length + (path.includes("q8_0") ? 3 : count / 2),
      `${path}: only ${text.length - ids.length} equal`,
    );
  }
}

/** Registers a test, unless llama.cpp cannot be fetched. */
function llamaCppTest(
  name: string,
  files: readonly string[],
  run: (path: (file: string) => string) => Promise<void>,
): void {
  if (why === null) sharedTest(name, files, run);
  else Deno.test({ name: `${name} (ignored: ${why})`, ignore: true, fn: () => {} });
}

llamaCppTest(
  "llama.cpp continues tiny models of the Llama family and a tiny GPT-2, in F32, F16 and Q8_0",
  [...folders.map((name) => `golden/models/${name}/model.safetensors`), "golden/gpt.bin"],
  (path) =>
    withFolder(async (dir) => {
      const paths: string[] = [];
      for (const dtype of ["f32", "f16", "q8_0"]) {
        for (const name of folders) {
          paths.push(`${dir}/${name}-${dtype}.gguf`);
          await runsHere(
            0,
            `convert --from ${path(`golden/models/${name}`)} --to ${paths.at(-1)} --dtype ${dtype}`,
          );
        }
        paths.push(`${dir}/gpt-${dtype}.gguf`);
        await runsHere(
          0,
          `convert --from ${path("golden/gpt.bin")} --to ${paths.at(-1)} --dtype ${dtype} --tokenizer byte`,
        );
      }
      await check(paths, { texts, ids, count });
    }),
);

llamaCppTest(
  "llama.cpp continues models that no golden file has: Gemma 2 and 3, SmolLM 3, and a SentencePiece vocabulary",
  [],
  () =>
    withFolder(async (dir) => {
      const tokenizer = ggufTokenizer(prefixed(sentencePieceMetadata(), "{{ x }}"), "model.gguf");
      const { vocabSize } = tokenizer, { fields } = ggufTokenizerFields(tokenizer, vocabSize);
      const sizes = {
        layers: 8,
        heads: 4,
        keyHeads: 2,
        headWidth: 32,
        channels: 64,
        hidden: 96,
        seqLen: 64,
        vocabSize,
      };
      const gemma = { ...sizes, gemma: true, gate: "gelu", window: 8, scoreWidth: 0 } as const;
      const models: Readonly<Record<string, LlamaConfig | GptConfig>> = {
        llama: sizes,
        gemma2: { ...gemma, attentionCap: 50, logitCap: 30, globalEvery: 2 },
        gemma3: { ...gemma, queryNorm: true, globalEvery: 6, localRopeBase: 10_000, ropeBase: 1e6 },
        smollm3: { ...sizes, ropeEvery: 4 },
      };
      const paths: string[] = [];
      for (const [name, config] of Object.entries(models)) {
        const path = `${dir}/${name}.gguf`, weights = initialWeights(modelOf(config), 7);
        for (const { data } of Object.values(weights)) {
          data.forEach((x, i) => data[i] = 4 * x + Math.sin(i * i) / 20);
        }
        const tensors = splitLlamaTensors(weights, config as LlamaConfig);
        const writer = await createGgufModel(path, { config, dtype: "f32", name, tokenizer: fields });
        for (const { name } of writer.order) await writer.write(new Float32Array(tensors[name].data));
        await writer.end();
        writer.close();
        paths.push(path);
      }
      const spoken = ["hello", " hello  he", "abcabc ab", "bcbcab", "é好ü", "a\nb!", "</s>he", "12. he llo"];
      await check(paths, { texts: spoken, ids, count });
    }),
);

llamaCppTest(
  "llama.cpp continues SmolLM2 after it was read from GGUF and written again, in F16 and Q8_0",
  ["models/SmolLM2-135M-Instruct.Q4_1.gguf", "golden/gguf/smollm2.json"],
  (path) =>
    withFolder(async (dir) => {
      const from = path("models/SmolLM2-135M-Instruct.Q4_1.gguf"), dtypes = ["f16", "q8_0"];
      for (const dtype of dtypes) {
        await runsHere(0, `convert --from ${from} --to ${dir}/${dtype}.gguf --dtype ${dtype}`);
      }
      const golden = JSON.parse(await Deno.readTextFile(path("golden/gguf/smollm2.json")));
      const texts = golden.texts.map(({ text }: { text: string }) => text);
      await check(dtypes.map((dtype) => `${dir}/${dtype}.gguf`), {
        texts,
        ids: golden.prompts[2].ids,
        count: 12,
      });
    }),
);
