/**
 * Tests texts that are generated together with a KV cache against texts generated one token at a time by
 * whole forward passes.
 *
 * @module
 */
import { deepStrictEqual, ok, rejects, strictEqual } from "node:assert/strict";
import { normals, uniformAt } from "../../../kernels/random/philox.ts";
import { openCpu } from "../../../kernels/engine/cpu/cpu_engine.ts";
import { gpt } from "../../../kernels/models/gpt.ts";
import { initialWeights } from "../../../kernels/models/model.ts";
import { byteTokenizer } from "../../../stages/token/byte.ts";
import { sampleToken } from "../../../stages/sample/sample_token.ts";
import { plan } from "../../../stages/model/plan.ts";
import { type ModelSession, openModel } from "../../../stages/model/model_session.ts";
import { type GenerationStep, windowStart } from "../../../stages/sample/cache_slots.ts";
import { GeneratedText } from "../../../stages/sample/generated_text.ts";
import { type GenerateOptions, generateTexts } from "../../../stages/sample/generate_texts.ts";

const seqLen = 24;
const model = gpt({ layers: 2, heads: 2, channels: 16, seqLen, vocabSize: 257 });
const weights = Object.fromEntries(
  Object.entries(initialWeights(model, 3)).map(([name, { shape, data }]) => [
    name,
    { shape, data: shape.length === 2 ? normals(3, name, data.length, 0.3) : data },
  ]),
);
const tokenizer = byteTokenizer();

async function open(texts: number, threads = 2): Promise<ModelSession> {
  return await openModel(await openCpu({ threads }), { plan: plan({ model, sampling: { texts } }), weights });
}

const texts = [
  { prompt: "ab", sample: 0 },
  { prompt: "ab", sample: 1 },
  { prompt: "a longer prompt, longer than a sequence", sample: 0 },
  { prompt: "ab", sample: 2 },
  { prompt: "", sample: 0 },
];

async function generated(session: ModelSession, options: GenerateOptions): Promise<string[]> {
  const found = texts.map(() => "");
  for await (const event of generateTexts(session, tokenizer, { ...options, texts })) {
    if ("piece" in event) found[event.text] += event.piece;
    else found[event.text] += `<${event.end}>`;
  }
  return found;
}

/** Generates one text. Each token is sampled after a forward pass over the whole window before it. */
async function byWholePasses(
  session: ModelSession,
  { prompt, sample }: { readonly prompt: string; readonly sample: number },
  { maxTokens, seed = 0, slide = 1, ...options }: GenerateOptions,
): Promise<string> {
  const ids = [...tokenizer.encode(prompt)], decoder = new TextDecoder();
  if (ids.length === 0) ids.push(256);
  let text = "";
  for (let i = 0; i < maxTokens; i++) {
    const logits = await session.logits(ids.slice(windowStart(ids.length, { seqLen, slide })));
    const id = sampleToken(logits, {
      ...options,
      draw: uniformAt(seed, `sample.${sample}`, i),
      seen: new Set(ids),
    });
    if (id === 256) return `${text}<end of text>`;
    ids.push(id);
    text += decoder.decode(tokenizer.decodeBytes([id]), { stream: true });
  }
  return `${text}<length>`;
}

Deno.test("generateTexts() gives the texts of whole forward passes, also beyond the model's sequence, however many at once", async () => {
  await using alone = await open(1, 1);
  await using three = await open(3);
  for (
    const options of [
      { maxTokens: 60, seed: 4, temperature: 0.9, topK: 40 },
      { maxTokens: 60, seed: 5, temperature: 1, topP: 0.9, minP: 0.001, repetitionPenalty: 1.1, slide: 9 },
    ]
  ) {
    const steps: GenerationStep[] = [];
    const found = await generated(three, { ...options, onStep: (step) => steps.push(step) });
    deepStrictEqual(await generated(alone, options), found);
    for (const [i, request] of texts.entries()) {
      strictEqual(found[i], await byWholePasses(alone, request, options), `text ${i}`);
    }
    const prefills = steps.filter(({ kind }) => kind === "prefill");
    deepStrictEqual(
      prefills.map(({ tokens }) => tokens),
      // The prompt "ab" is read once for the first two texts. When the third text starts, neither of the two
      // slots still contains the prompt.
      [2, options.slide === 9 ? 21 : 24, 2, 1],
    );
    ok(steps.some(({ kind }) => kind === "slide"));
    ok(steps.some(({ kind, tokens }) => kind === "decode" && tokens >= 2));
  }
});

Deno.test("generateTexts() ends a text before a stop string, and shows no part of it", async () => {
  await using session = await open(2);
  const options = { maxTokens: 40, seed: 1 };
  const whole = (await generated(session, options)).map((text) => text.replace(/<\w[\w ]*>$/, ""));
  const stop = [whole[0].slice(5, 7), "no such text"];
  const ended = await generated(session, { ...options, stop });
  ended.forEach((text, i) => {
    const at = whole[i].indexOf(stop[0]);
    if (at < 0) ok(text.startsWith(whole[i]), text);
    else strictEqual(text, `${whole[i].slice(0, at)}<stop>`);
  });
  ok(ended[0].endsWith("<stop>"));
});

Deno.test("generateTexts() reads a special token in a prompt as that token", async () => {
  await using session = await open(1);
  const read: number[] = [], texts = [{ prompt: "<|endoftext|>A", sample: 0 }];
  const onStep = ({ kind, tokens }: GenerationStep) => void (kind === "prefill" && read.push(tokens));
  for await (const _ of generateTexts(session, tokenizer, { texts, maxTokens: 1, onStep }));
  deepStrictEqual(read, [2]);
});

Deno.test("generateTexts() refuses bad options, and generates nothing where maxTokens is 0", async () => {
  await using session = await open(1);
  const refused = (options: Partial<GenerateOptions>) => generated(session, { maxTokens: 5, ...options });
  await rejects(refused({ maxTokens: -1 }), /Cannot generate -1 tokens/);
  await rejects(refused({ slide: 25 }), /drop 25 tokens.*1 to 24/);
  await rejects(refused({ stop: [""] }), /empty string/);
  await rejects(refused({ signal: AbortSignal.abort(new Error("enough")) }), /enough/);
  deepStrictEqual(await generated(session, { maxTokens: 0 }), texts.map(() => "<length>"));
});

Deno.test("a text ends at each token that the tokenizer's files name as an end of text", () => {
  const own = byteTokenizer();
  own.roles = { eos: [120, 121], bos: null, unk: null };
  for (const [id, end] of [[120, true], [121, true], [122, false]] as const) {
    const options = { maxTokens: 2, temperature: 0 };
    const text = new GeneratedText({ prompt: "", sample: 0 }, {
      index: 0,
      tokenizer: own,
      vocabSize: 257,
      options,
    });
    deepStrictEqual(text.ids, [120]); // an empty prompt begins after the end of a text
    text.logits = new Float32Array(257);
    text.logits[id] = 1;
    deepStrictEqual(
      [...text.sampleNext()],
      end ? [{ text: 0, end: "end of text" }] : [{ text: 0, piece: "z" }],
    );
  }
});
