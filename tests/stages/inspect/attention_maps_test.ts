import { ok, rejects, strictEqual } from "node:assert/strict";
import { openCpu } from "../../../kernels/engine/cpu/cpu_engine.ts";
import { gpt } from "../../../kernels/models/gpt.ts";
import { initialWeights } from "../../../kernels/models/model.ts";
import { headSizes } from "../../../kernels/ops/attention/attention_sizes.ts";
import { uniformAt } from "../../../kernels/random/philox.ts";
import { attentionMaps } from "../../../stages/inspect/attention_maps.ts";
import { openModel } from "../../../stages/model/model_session.ts";
import { plan } from "../../../stages/model/plan.ts";

Deno.test("attentionMaps() are causal, add up to 1, and are softmaxes of the scores", () => {
  for (const form of [{ heads: 2 }, { heads: 4, keyHeads: 2, window: 3, scale: 0.7, softCap: 1.5 }]) {
    const tokens = 6, { heads, keyHeads = heads } = form, width = 3, row = (heads + 2 * keyHeads) * width;
    const qkv = Float32Array.from({ length: tokens * row }, (_, i) => 4 * uniformAt(1, "qkv", i) - 2);
    const maps = attentionMaps({ qkv, form }, tokens),
      { scale, softCap, window } = headSizes(form, { row, time: tokens });
    strictEqual(maps.length, heads);
    for (let head = 0; head < heads; head++) {
      const score = (i: number, j: number) => {
        let dot = 0;
        for (let c = 0; c < width; c++) {
          const key = heads + Math.floor(head * keyHeads / heads);
          dot += qkv[i * row + head * width + c] * qkv[j * row + key * width + c];
        }
        return softCap === 0 ? dot * scale : softCap * Math.tanh(dot * scale / softCap);
      };
      for (let i = 0; i < tokens; i++) {
        const seen = Array.from({ length: tokens }, (_, j) => j <= i && j > i - window);
        const sum = seen.reduce((total, isSeen, j) => total + (isSeen ? Math.exp(score(i, j)) : 0), 0);
        seen.forEach((isSeen, j) => {
          const wanted = isSeen ? Math.exp(score(i, j)) / sum : 0;
          ok(Math.abs(maps[head][i][j] - wanted) < 1e-12, `${head} ${i} ${j}`);
        });
      }
    }
  }
});

Deno.test("ModelSession.trace() has the decoder's logits, and the attention of each block", async () => {
  const model = gpt({ layers: 2, heads: 2, channels: 16, seqLen: 12, vocabSize: 30 });
  const planned = plan({ model, sampling: true, tracing: { seqLen: 8 } });
  const engine = await openCpu({ threads: 1 });
  await using session = await openModel(engine, { plan: planned, weights: initialWeights(model, 1) });
  const ids = [3, 1, 4, 1, 5];
  const { logits, attention } = await session.trace(ids);
  strictEqual(logits.length, 5);
  for (const length of [1, 5]) {
    const wanted = await session.logits(ids.slice(0, length));
    wanted.forEach((logit, i) => ok(Math.abs(logits[length - 1][i] - logit) < 1e-4, `${length} ${i}`));
  }
  strictEqual(attention.length, 2);
  for (const block of attention) strictEqual(attentionMaps(block, 5)[1][4].length, 5);
  await rejects(session.trace([]), /Cannot trace 0 tokens: wanted 1 to 8/);
  await rejects(session.trace(new Array(9).fill(1)), /Cannot trace 9 tokens: wanted 1 to 8/);
  await rejects(session.trace([30]), /30/);
  await using untraced = await openModel(engine, {
    plan: plan({ model, sampling: true }),
    weights: initialWeights(model, 1),
  });
  await rejects(untraced.trace(ids), /the plan has no tracing/);
});
