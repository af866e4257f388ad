/**
 * Tests for faults that other projects have had in post-training, where no other test would see them. The
 * table in tests/README.md names the tests of all of them.
 *
 * @module
 */
import { deepEqual, ok } from "node:assert/strict";
import { gpt } from "../../../kernels/models/gpt.ts";
import { initialWeights } from "../../../kernels/models/model.ts";
import { sgd } from "../../../kernels/optim/sgd.ts";
import { worldSource } from "../../../pipelines/parts/posttrain/example_source.ts";
import { pack } from "../../../stages/chat/pack.ts";
import { render } from "../../../stages/chat/render.ts";
import { rowBatches } from "../../../stages/chat/row_batches.ts";
import { nanochatTemplate, nanochatTokens } from "../../../stages/chat/template/nanochat.ts";
import { from } from "../../../stages/flow/flow.ts";
import { openModel } from "../../../stages/model/model_session.ts";
import { plan } from "../../../stages/model/plan.ts";
import { generateTokens } from "../../../stages/sample/generate_tokens.ts";
import { worldCharacters } from "../../../stages/task/verified/little_world.ts";
import { CharTokenizer } from "../../../stages/token/char.ts";
import { engines } from "../../stages/train/engines.ts";

const tokenizer = new CharTokenizer(worldCharacters, nanochatTokens), { vocabSize } = tokenizer;

Deno.test("an update of sft does not change where targets of the user's tokens are replaced by others", async () => {
  const shape = [1, 4, 95] as const, template = nanochatTemplate(tokenizer);
  const batches = from(worldSource({ sentences: 0 })).pipe(render({ tokenizer, template }))
    .pipe(pack({ size: 96, packing: "best-fit", group: 16 }))
    .pipe(rowBatches(shape, { segmented: true })).stream();
  const model = gpt({ layers: 1, heads: 2, channels: 16, seqLen: 95, vocabSize, vocabPad: 1 });
  const planned = plan({ model, training: { optimizer: sgd(), shape, clip: 1, segmented: true } });
  for await (const batch of batches) {
    const { mask = [] } = batch, masked = Array.from(mask).filter((weight) => weight === 0).length;
    ok(masked > 40 && masked < mask.length - 40, `${masked} of ${mask.length}`);
    const others = batch.targets.map((id, i) => mask[i] === 0 ? (id + 7) % vocabSize : id);
    const [own, changed] = await Promise.all([batch.targets, others].map(async (targets) => {
      await using session = await openModel(await engines.cpu(), {
        plan: planned,
        weights: initialWeights(model, 1),
      });
      const { loss } = await session.step({ ...batch, targets }, { learningRate: 0.1, step: 0 });
      return { loss, weights: await session.weights() };
    }));
    deepEqual(changed, own);
    break;
  }
});

Deno.test("samples of one question differ from their first token on", async () => {
  const model = gpt({ layers: 1, heads: 1, channels: 8, seqLen: 16, vocabSize, vocabPad: 1 });
  const weights = initialWeights(model, 1);
  for (const { data } of Object.values(weights)) data.fill(0); // all tokens are equally likely
  await using session = await openModel(await engines.cpu(), {
    plan: plan({ model, sampling: { texts: 8 } }),
    weights,
  });
  const prompt = Uint32Array.of(1, 2, 3),
    requests = Array.from({ length: 16 }, (_, i) => ({ prompt, key: `${i}` }));
  const texts = await generateTokens(session, requests, { ends: new Set(), maxTokens: 1, seed: 1 });
  ok(new Set(texts.map(({ ids }) => ids[0])).size > 8);
});
