/**
 * Tests the generation of tokens for requests that come at any time, and the caches that are kept between
 * them.
 *
 * @module
 */
import { deepEqual, equal, ok, rejects } from "node:assert/strict";
import { gpt } from "../../../kernels/models/gpt.ts";
import { llama } from "../../../kernels/models/llama.ts";
import { initialWeights } from "../../../kernels/models/model.ts";
import { uniformAt } from "../../../kernels/random/philox.ts";
import { openModel } from "../../../stages/model/model_session.ts";
import { plan } from "../../../stages/model/plan.ts";
import { sgd } from "../../../kernels/optim/sgd.ts";
import { type TokenEvent, TokenGenerator } from "../../../stages/sample/token_generator.ts";
import type { GeneratedToken, GenerateTokensOptions } from "../../../stages/sample/token_text.ts";
import { inferenceWeights } from "../../../pipelines/parts/starting_weights.ts";
import { modelOf } from "../../../kernels/models/model_of.ts";
import { sharedTest } from "../../shared_data.ts";
import { engines } from "../train/engines.ts";

const seqLen = 160, vocabSize = 40, shape = [1, 1, 8] as const;
const models = {
  gpt: gpt({ layers: 2, heads: 2, channels: 16, seqLen, vocabSize, vocabPad: 1 }),
  llama: llama({
    layers: 2,
    heads: 4,
    keyHeads: 2,
    headWidth: 8,
    channels: 32,
    hidden: 48,
    seqLen,
    vocabSize,
    vocabPad: 1,
  }),
};
const options: GenerateTokensOptions = { ends: new Set([0]), maxTokens: 12, seed: 5 };

const Q8 = "golden/gguf/tiny-llama-q8_0.gguf";

async function open(texts: number, name: keyof typeof models = "gpt") {
  const model = models[name], weights = initialWeights(model, 3);
  // Larger weights, so that the distributions differ from the uniform one.
  for (const { data } of Object.values(weights)) for (let i = 0; i < data.length; i++) data[i] *= 6;
  const training = { optimizer: sgd(), shape, clip: 1 };
  return await openModel(await engines.cpu(), {
    plan: plan({ model, training, sampling: { texts, scores: true } }),
    weights,
  });
}

function tokensOf(events: readonly TokenEvent[]): readonly GeneratedToken[] {
  return events.filter((event) => "id" in event);
}

function reusedOf([first]: readonly TokenEvent[]): number {
  return "reused" in first ? first.reused : NaN;
}

const words = (name: string, length: number) =>
  Uint32Array.from({ length }, (_, i) => 1 + Math.floor(uniformAt(1, name, i) * (vocabSize - 1)));

for (const name of ["gpt", "llama"] as const) {
  Deno.test(`a ${name}'s turns with kept caches have the same bits as without, and read the new tokens alone`, async () => {
    await using kept = await open(3, name);
    await using fresh = await open(3, name);
    const generator = new TokenGenerator(kept), talks = ["a", "b"].map((key) => [...words(key, 20)]);
    for (let turn = 0; turn < 4; turn++) {
      const requests = talks.map((ids, i) => ({ prompt: Uint32Array.from(ids), key: `${i}.${turn}` }));
      const found = await generator.generateAll(requests, { ...options, alternatives: 3 });
      const wanted = await new TokenGenerator(fresh).generateAll(requests, { ...options, alternatives: 3 });
      deepEqual(found.map(tokensOf), wanted.map(tokensOf));
      for (const [i, events] of found.entries()) {
        const before = talks[i].length, own = tokensOf(events).map(({ id }) => id);
        // The last token of the answer before is not in the cache, and then comes the user's turn.
        if (turn > 0) equal(reusedOf(events), before - 11);
        talks[i].push(...own, ...words(`${i} ${turn}`, 10));
      }
    }
  });
}

sharedTest(
  "turns of a quantised model have the same bits with kept caches, which keep prompts without answers",
  [Q8],
  async (path) => {
    const { config, weights, quantized } = await inferenceWeights(path(Q8), {
      weights: "stored",
      activations: "f32",
    });
    const planned = plan({ model: modelOf(config), sampling: { texts: 2, seqLen: 128 }, quantized });
    await using session = await openModel(await engines.cpu(), { plan: planned, weights });
    await using other = await openModel(await engines.cpu(), { plan: planned, weights });
    const generator = new TokenGenerator(session), talk = [...words("a", 20)];
    for (let turn = 0, before = 0; turn < 3; turn++, before = talk.length) {
      talk.push(...words(`${turn}`, turn === 1 ? 1 : 10));
      const requests = [{ prompt: Uint32Array.from(talk), key: `${turn}` }];
      const [events] = await generator.generateAll(requests, options);
      const [wanted] = await new TokenGenerator(other).generateAll(requests, options);
      deepEqual(tokensOf(events), tokensOf(wanted));
      equal(reusedOf(events), turn === 0 ? 0 : before - 12);
      talk.push(...tokensOf(events).map(({ id }) => id));
      equal(tokensOf(events).length, 12);
    }
  },
);

sharedTest(
  "20 texts of a quantised model have the same bits as each alone, though products of more than 8 rows round otherwise",
  [Q8],
  async (path) => {
    const { config, weights, quantized } = await inferenceWeights(path(Q8), {
      weights: "stored",
      activations: "f32",
    });
    const planned = plan({ model: modelOf(config), sampling: { texts: 20, seqLen: 64 }, quantized });
    await using session = await openModel(await engines.cpu(), { plan: planned, weights });
    const requests = Array.from({ length: 20 }, (_, i) => ({ prompt: words(`${i}`, 20), key: `${i}` }));
    const scored = { ...options, alternatives: 5 };
    const together = await new TokenGenerator(session).generateAll(requests, scored);
    for (const [i, request] of requests.entries()) {
      const [alone] = await new TokenGenerator(session).generateAll([request], scored);
      deepEqual(tokensOf(together[i]), tokensOf(alone));
    }
  },
);

for (const name of ["gpt", "llama"] as const) {
  Deno.test(`scores of a ${name}'s prompt have the bits of tokens read one by one, beside other texts`, async () => {
    await using session = await open(3, name);
    const { decoder } = session, generator = new TokenGenerator(session), first = words("first", 1);
    // One token to one step beyond two reads, and a prompt that leaves room for one token.
    for (const length of [1, 31, 32, 33, 64, 65, seqLen - 2]) {
      const scored = words(`scored.${length}`, length), prompt = first;
      const request = { prompt, scored, key: "scored" };
      const all = { ...options, maxTokens: 1, alternatives: 3, scoredAt: 1 };
      const others = ["x", "y"].map((key) => ({ prompt: words(key, 40), key }));
      const [events, ...beside] = await generator.generateAll([request, ...others], all);
      const found = events.flatMap((event) => "scored" in event ? [event.scored] : []);
      const next = tokensOf(events);
      equal(next.length, 1);
      deepEqual(
        beside.map(tokensOf),
        (await new TokenGenerator(session).generateAll(others, all)).map(tokensOf),
      );
      const wanted: number[] = [];
      let [logits] = await decoder.decode([{ text: 0, id: first[0], position: 0 }]);
      for (const [i, id] of scored.entries()) {
        wanted.push(logpOf(logits, id));
        [logits] = await decoder.decode([{ text: 0, id, position: i + 1 }]);
      }
      deepEqual(found.map(({ id }) => id), [...scored]);
      deepEqual(found.map(({ logp }) => logp), wanted);
      ok(found.every(({ isChosen, alternatives }) => !isChosen && alternatives.length === 3));
      equal(next[0].logp, logpOf(logits, next[0].id));
      generator.clear();
    }
    // Without a token after them, the last scored one is not read.
    const alone = { prompt: first, scored: words("all", seqLen - 1), key: "all" };
    const [events] = await generator.generateAll([alone], { ...options, maxTokens: 0 });
    equal(events.filter((event) => "scored" in event).length, seqLen - 1);
    deepEqual(events.at(-1), { end: "length" });
  });
}

/** Returns the log probability of a token, added up as the generator does. */
function logpOf(logits: Float32Array, id: number): number {
  const most = Math.max(...logits);
  let sum = 0;
  for (const logit of logits) sum += Math.exp(logit - most);
  return logits[id] - most - Math.log(sum);
}

Deno.test("prompts are scored only where the plan has scores", async () => {
  const planned = plan({ model: models.gpt, sampling: { texts: 1 } });
  await using session = await openModel(await engines.cpu(), {
    plan: planned,
    weights: initialWeights(models.gpt, 3),
  });
  const request = { prompt: words("a", 1), scored: words("b", 3), key: "a" };
  await rejects(new TokenGenerator(session).generateAll([request], options), /the plan has no `scores`/);
});

Deno.test("a prompt that shares a beginning with a kept text takes a copy of it, and the kept text stays", async () => {
  await using session = await open(4);
  const generator = new TokenGenerator(session), system = words("system", 60);
  const ask = async (key: string, length: number) => {
    const prompt = Uint32Array.from([...system, ...words(key, length)]);
    const [events] = await generator.generateAll([{ prompt, key }], options);
    return { prompt, events };
  };
  const first = await ask("first", 80);
  equal(reusedOf(first.events), 0);
  const second = await ask("second", 5);
  equal(reusedOf(second.events), 60);
  await using fresh = await open(1);
  const [alone] = await new TokenGenerator(fresh)
    .generateAll([{ prompt: second.prompt, key: "second" }], options);
  deepEqual(tokensOf(second.events), tokensOf(alone));
  // The same prompt again needs no reading at all.
  equal(reusedOf((await ask("first", 80)).events), 140);
  equal(reusedOf((await ask("second", 5)).events), 65);
});

Deno.test("kept texts take no more than the slots: the one that was unused for longest is overwritten", async () => {
  await using session = await open(2);
  const generator = new TokenGenerator(session);
  const ask = async (key: string) =>
    reusedOf((await generator.generateAll([{ prompt: words(key, 30), key }], options))[0]);
  deepEqual([await ask("a"), await ask("b"), await ask("a"), await ask("c")], [0, 0, 30, 0]);
  deepEqual([await ask("a"), await ask("b")], [30, 0]);
});

Deno.test("an update of the model makes kept texts void", async () => {
  await using session = await open(2);
  const generator = new TokenGenerator(session), request = { prompt: words("a", 30), key: "a" };
  await generator.generateAll([request], options);
  const ids = words("batch", 8);
  await session.step({ inputs: ids, targets: ids, shape }, { learningRate: 1, step: 0 });
  const [events] = await generator.generateAll([request], options);
  equal(reusedOf(events), 0);
});

Deno.test("requests that come while others are generated, or are dropped, do not change the others", async () => {
  await using session = await open(3);
  const generator = new TokenGenerator(session), keys = Array.from({ length: 9 }, (_, i) => `k${i}`);
  const alone = await Promise.all(keys.map(async (key) => {
    await using own = await open(1);
    const [events] = await new TokenGenerator(own).generateAll([{ prompt: words(key, 20), key }], options);
    return tokensOf(events);
  }));
  const stop = new AbortController();
  const together = await Promise.all(keys.map(async (key, i) => {
    for (let turns = 0; turns < i; turns++) await new Promise((resolve) => setTimeout(resolve));
    const events: TokenEvent[] = [], signal = i === 4 ? { signal: stop.signal } : {};
    try {
      for await (
        const event of generator.generate({ prompt: words(key, 20), key }, { ...options, ...signal })
      ) {
        events.push(event);
        if (i === 2 && tokensOf(events).length === 2) break; // stops reading
        if (i === 4 && tokensOf(events).length === 2) stop.abort(new Error("closed"));
      }
    } catch (error) {
      equal(i, 4);
      ok(error instanceof Error && error.message === "closed");
    }
    return tokensOf(events);
  }));
  together.forEach((tokens, i) => deepEqual(tokens, alone[i].slice(0, tokens.length)));
  equal(together[2].length, 2);
  ok(together.every(({ length }, i) => [2, 4].includes(i) || length === alone[i].length));
  deepEqual(generator.texts, { active: 0, waiting: 0 });
});

Deno.test("an error of one hand ends its text alone, and later texts are generated", async () => {
  await using session = await open(2);
  const generator = new TokenGenerator(session);
  const broken = {
    prompt: words("a", 5),
    key: "a",
    hand: { after: () => Promise.reject(new Error("broken")) },
  };
  const other = Array.fromAsync(generator.generate({ prompt: words("b", 5), key: "b" }, options));
  await rejects(Array.fromAsync(generator.generate(broken, options)), /broken/);
  ok(tokensOf(await other).length > 1);
  const [again] = await generator.generateAll([{ prompt: words("b", 5), key: "b" }], options);
  deepEqual(tokensOf(again), tokensOf(await other));
  await rejects(
    Array.fromAsync(generator.generate({ prompt: new Uint32Array(0), key: "c" }, options)),
    /from no tokens/,
  );
});

Deno.test("a text ends where what is forced ends with such a token, and what does not fit is not forced", async () => {
  await using session = await open(1);
  const ask = async (forced: readonly number[], maxTokens: number) => {
    const hand = { after: () => forced }, settings = { ...options, maxTokens, ends: new Set([39]) };
    const [events] = await new TokenGenerator(session)
      .generateAll([{ prompt: words("a", 5), key: "a", hand }], settings);
    const last = events.at(-1)!;
    return [tokensOf(events).length, "end" in last ? last.end : ""];
  };
  deepEqual(await ask([4, 39], 9), [3, "end"]);
  deepEqual(await ask([4, 39], 3), [3, "end"]);
  deepEqual(await ask([4, 39], 2), [1, "length"]);
  deepEqual(await ask([4, 5], 3), [1, "length"]);
  deepEqual(await ask([4, 5], 4), [4, "length"]);
});

Deno.test("a hand continues a text after a token that would end it, once", async () => {
  await using session = await open(1);
  const prompt = words("a", 5), ends = new Set(Array.from({ length: vocabSize }, (_, id) => id));
  ends.delete(5);
  let asked = 0;
  const hand = { after: () => asked++ === 0 ? [4, 39, 5] : [] };
  const [events] = await new TokenGenerator(session)
    .generateAll([{ prompt, key: "a", hand }], { ...options, ends });
  deepEqual(tokensOf(events).map(({ isChosen }) => isChosen), [true, false, false, false, true]);
  equal(asked, 2);
});

Deno.test("alternatives are the likeliest tokens with their log probabilities, the chosen one among them at temperature 0", async () => {
  await using session = await open(1);
  const [events] = await new TokenGenerator(session).generateAll(
    [{ prompt: words("a", 5), key: "a" }],
    { ...options, temperature: 0, alternatives: vocabSize },
  );
  for (const { id, logp, alternatives } of tokensOf(events)) {
    deepEqual(alternatives[0], { id, logp });
    const sum = alternatives.reduce((total, each) => total + Math.exp(each.logp), 0);
    ok(alternatives.length === vocabSize && Math.abs(sum - 1) < 1e-9, `${sum}`);
    ok(alternatives.every((each, i) => i === 0 || each.logp <= alternatives[i - 1].logp));
  }
});

Deno.test("equal prompts are read once, however short, and short forced texts are read with the others' tokens", async () => {
  await using session = await open(4);
  const { prefill } = session.decoder;
  const reads: number[] = [];
  session.decoder.prefill = (ids, at) => {
    reads.push(ids.length);
    return prefill.call(session.decoder, ids, at);
  };
  for (const [count, wanted] of [[11, [3]], [12, [3, 13, 13, 13, 13]]] as const) {
    const forced = words("forced", count);
    const requests = Array.from({ length: 4 }, (_, i) => {
      let calls = 0;
      const hand = { after: () => calls++ === 1 ? Array.from(forced) : [] };
      return { prompt: words("prompt", 3), key: `${i}`, hand };
    });
    reads.length = 0;
    const all = await new TokenGenerator(session).generateAll(requests, {
      ...options,
      ends: new Set(),
      maxTokens: 40,
    });
    deepEqual(reads, wanted);
    deepEqual(all.map(reusedOf), [0, 3, 3, 3]);
    for (const events of all) equal(tokensOf(events).filter(({ isChosen }) => !isChosen).length, count);
  }
});
