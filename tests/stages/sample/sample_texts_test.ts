import { deepStrictEqual, ok, strictEqual } from "node:assert/strict";
import { openCpu } from "../../../kernels/engine/cpu/cpu_engine.ts";
import { gpt } from "../../../kernels/models/gpt.ts";
import { initialWeights } from "../../../kernels/models/model.ts";
import { jupyterDisplay } from "../../../stages/format/viewer/notebook.ts";
import { openModel } from "../../../stages/model/model_session.ts";
import { plan } from "../../../stages/model/plan.ts";
import { generateText } from "../../../stages/sample/sample.ts";
import { sampleTexts, TextSamples } from "../../../stages/sample/sample_texts.ts";
import { byteTokenizer } from "../../../stages/token/byte.ts";

Deno.test("sampleTexts() generates as many texts as wanted, the same as generateText() by index", async () => {
  const tokenizer = byteTokenizer();
  const model = gpt({ layers: 1, heads: 1, channels: 8, seqLen: 16, vocabSize: tokenizer.vocabSize });
  await using session = await openModel(await openCpu({ threads: 0 }), {
    plan: plan({ model, sampling: { texts: 2 } }),
    weights: initialWeights(model, 1),
  });
  const options = { prompt: "ab", maxTokens: 8, seed: 3 };
  const samples = await sampleTexts(session, tokenizer, { ...options, count: 3 });
  const one: string[] = [];
  for (const sample of [0, 1, 2]) {
    one.push((await Array.fromAsync(generateText(session, tokenizer, { ...options, sample }))).join(""));
  }
  deepStrictEqual([samples.prompt, samples.texts], ["ab", one]);
  ok(new Set(one).size === 3, `${one}`);
});

Deno.test("TextSamples show prompt and texts in a notebook, never as markup", () => {
  const samples = new TextSamples("<b>", [" one", ' <img src="x">']);
  strictEqual(`${samples}`, '<b> one\n---\n<b> <img src="x">');
  const bundle = samples[jupyterDisplay]();
  strictEqual(bundle["text/plain"], `${samples}`);
  deepStrictEqual(bundle["text/html"].match(/<b>&lt;b&gt;<\/b>/g)?.length, 2);
  ok(!bundle["text/html"].includes("<img"));
});
