/**
 * Tests the generation of tokens with log probabilities and forced tokens.
 *
 * @module
 */
import { deepEqual, equal, ok, rejects } from "node:assert/strict";
import { gpt } from "../../../kernels/models/gpt.ts";
import { initialWeights } from "../../../kernels/models/model.ts";
import { openModel } from "../../../stages/model/model_session.ts";
import { plan } from "../../../stages/model/plan.ts";
import { generateTokens } from "../../../stages/sample/generate_tokens.ts";
import type { TokenRequest } from "../../../stages/sample/token_text.ts";
import { engines } from "../train/engines.ts";

const model = gpt({ layers: 1, heads: 2, channels: 16, seqLen: 16, vocabSize: 11, vocabPad: 1 });

async function open(texts: number) {
  const weights = initialWeights(model, 3);
  // Larger weights, so that the distributions differ from the uniform one.
  for (const { data } of Object.values(weights)) for (let i = 0; i < data.length; i++) data[i] *= 8;
  const planned = plan({
    model,
    sampling: { texts },
    evaluation: { batch: 1, seqLen: 16 },
    temperature: 0.7,
  });
  return await openModel(await engines.cpu(), { plan: planned, weights });
}

const options = { ends: new Set([10]), maxTokens: 9, seed: 5, temperature: 0.7 };
const requests = (hand?: TokenRequest["hand"]): TokenRequest[] =>
  ["a", "b", "c", "d", "e"].map((key, i) => ({
    prompt: Uint32Array.of(1, 2, i < 3 ? 3 : 4),
    key,
    ...(hand !== undefined && { hand }),
  }));

Deno.test("generateTokens() gives the same texts whatever else is generated, with the model's log probabilities", async () => {
  await using one = await open(1);
  await using many = await open(4);
  const alone = await generateTokens(one, requests(), options);
  const together = await generateTokens(many, requests(), options);
  deepEqual(together.map(({ ids }) => ids), alone.map(({ ids }) => ids));
  ok(new Set(together.slice(0, 3).map(({ ids }) => ids.join())).size > 1, "samples of one prompt differ");
  for (const [i, { ids, logps, chosen, entropies, end }] of alone.entries()) {
    const whole = [...requests()[i].prompt, ...ids],
      inputs = new Uint32Array(16),
      targets = new Uint32Array(16);
    inputs.set(whole.slice(0, -1));
    targets.set(whole.slice(1));
    const losses = await one.losses(inputs, targets);
    ids.forEach((_, t) => ok(Math.abs(logps[t] + losses[2 + t]) < 1e-4, `${logps[t]} ${losses[2 + t]}`));
    ok(chosen.every((own) => own === 1) && entropies.every((nats) => nats >= 0 && nats <= Math.log(11)));
    equal(end, ids.at(-1) === 10 ? "end" : "length");
    ok(end === "end" || ids.length === 9);
  }
});

Deno.test("forced tokens leave the cache as a prefill does, and do not move the random numbers", async () => {
  await using session = await open(3);
  const forced = { after: (id: number) => id === 7 ? [1, 2] : [] };
  const found = [
    await generateTokens(session, requests(forced), options),
    await generateTokens(session, requests(), options),
  ];
  let compared = 0;
  for (const { ids, chosen, logps } of found[0]) {
    const at = ids.findIndex((id, i) => id === 7 && chosen[i] === 1);
    if (at < 0 || at + 3 >= ids.length) continue;
    deepEqual([ids[at + 1], ids[at + 2], chosen[at + 1], chosen[at + 2]], [1, 2, 0, 0]);
    equal(logps[at + 1], 0);
    compared++;
  }
  ok(compared > 0, "no text has the token after which others are forced");
  // Up to the first forced token, texts with and without a hand are the same.
  found[0].forEach(({ ids, chosen }, i) => {
    const end = chosen.indexOf(0) < 0 ? ids.length : chosen.indexOf(0);
    deepEqual(ids.slice(0, end), found[1][i].ids.slice(0, end));
  });
});

Deno.test("generateTokens() ends at the model's sequence, with a prompt one token below it and at it", async () => {
  await using session = await open(1);
  const ask = async (length: number) =>
    (await generateTokens(session, [{ prompt: new Uint32Array(length).fill(1), key: "x" }], {
      ...options,
      ends: new Set(),
    }))[0];
  equal((await ask(15)).ids.length, 1);
  equal((await ask(16)).ids.length, 0);
  equal((await ask(16)).end, "length");
  const short = { ...options, ends: new Set<number>(), maxLength: 7 };
  const [{ ids }] = await generateTokens(session, [{ prompt: Uint32Array.of(1, 2), key: "x" }], short);
  equal(ids.length, 5);
  const aborted = AbortSignal.abort(new Error("stop"));
  await rejects(generateTokens(session, requests(), { ...options, signal: aborted }), /stop/);
});
