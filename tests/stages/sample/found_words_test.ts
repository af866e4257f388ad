import { deepStrictEqual, notDeepStrictEqual, ok, rejects, strictEqual } from "node:assert/strict";
import { openCpu } from "../../../kernels/engine/cpu/cpu_engine.ts";
import { gpt } from "../../../kernels/models/gpt.ts";
import { adamw } from "../../../kernels/optim/adamw.ts";
import { schedule } from "../../../kernels/optim/schedule.ts";
import { MemoryCheckpoints } from "../../../stages/flow/checkpoint/memory_checkpoints.ts";
import type { WordsEvent } from "../../../stages/flow/events.ts";
import { from } from "../../../stages/flow/flow.ts";
import type { Batch, TokenShard } from "../../../stages/items.ts";
import { plan } from "../../../stages/model/plan.ts";
import { foundWords, type FoundWordsOptions } from "../../../stages/sample/found_words.ts";
import { BpeTokenizer } from "../../../stages/token/bpe.ts";
import { END_OF_TEXT } from "../../../stages/token/end_of_text.ts";
import { train } from "../../../stages/train/train.ts";

/** A vocabulary of parts of words, of which an untrained model makes words and others. The bytes follow. */
const parts = ["o", "ne ", "two ", "th", "ree ", "fo", "ur ", "é "];
const bytes = Array.from({ length: 256 }, (_, byte) => Uint8Array.of(byte));
const tokenizer = new BpeTokenizer({
  pattern: "none",
  tokens: [...parts.map((text) => new TextEncoder().encode(text)), ...bytes.filter(([byte]) => byte !== 111)],
  merges: [],
  special: new Map([[END_OF_TEXT, 263]]),
});

/** Ids of a text, letter by letter. */
const idsOf = (text: string) => tokenizer.encodeOrdinary(text);

interface Run extends Partial<FoundWordsOptions> {
  readonly steps?: number;
  readonly seed?: number;
  readonly checkpoints?: MemoryCheckpoints;
  readonly origins?: readonly TokenShard[];
  /** Stops the run after the current item. */
  readonly stopping?: AbortSignal;
}

/** Trains for `steps` updates, default 2, then measures; returns the events of the stage. */
async function run({ steps = 2, seed = 3, checkpoints, origins, stopping, ...options }: Run) {
  const shape = [1, 1, 8] as const, ids = Uint32Array.from({ length: 8 }, (_, i) => i);
  const model = gpt({ layers: 1, heads: 1, channels: 4, seqLen: 8, vocabSize: 8, vocabPad: 1 });
  const found: WordsEvent[] = [];
  const batches = Array.from({ length: 4 }, (_, i): Batch => ({
    inputs: ids,
    targets: ids,
    shape,
    origins: origins ?? [{ path: `shard ${1 - i % 2}`, start: 8 * i, count: 8 }],
  }));
  await from(batches)
    .pipe(train({
      engine: await openCpu({ threads: 0 }),
      plan: plan({ model, training: { optimizer: adamw(), shape, clip: 1 }, sampling: { texts: 4 } }),
      schedule: schedule({ kind: "constant", lr: 0.01, steps: 2 }),
      steps,
    }))
    .pipe(foundWords({ tokenizer, prompt: "o", maxTokens: 24, read: () => [idsOf("one two")], ...options }))
    .run({
      seed,
      ...(checkpoints && { checkpoints }),
      ...(stopping && { stop: stopping }),
      onEvent: (event) => event.type === "words" && found.push(event),
      signal: AbortSignal.timeout(60_000),
    });
  return found;
}

Deno.test("foundWords() measures ten samples after the last update, the same for a seed", async () => {
  const asked: (readonly TokenShard[])[] = [];
  const read = (shards: readonly TokenShard[]) => (asked.push(shards), [idsOf("one two")]);
  const [event, ...others] = await run({ read });
  strictEqual(others.length, 0);
  deepStrictEqual([event.type, event.step, event.samples, event.firstTokens], ["words", 2, 10, 7]);
  ok(event.words > 40 && event.found > 0 && event.found < event.words, JSON.stringify(event));
  deepStrictEqual(await run({ read }), [event]);
  notDeepStrictEqual(await run({ read, seed: 4 }), [event]);
  // Up to the last token trained on, in the order of the names.
  deepStrictEqual(asked[0], [
    { path: "shard 0", start: 0, count: 16 },
    { path: "shard 1", start: 0, count: 8 },
  ]);
});

/** A vocabulary of whole words, so that a text of n tokens has n words. */
class Words extends BpeTokenizer {
  constructor() {
    const each = [..."abcdefgh"].map((letter) => new TextEncoder().encode(`${letter} `));
    super({ pattern: "none", tokens: [...each, ...bytes], merges: [], special: new Map() });
  }
  override encode(): Uint32Array {
    return Uint32Array.of(0, 1);
  }
}

Deno.test("foundWords() counts neither the prompt nor the first and the last word of a sample", async () => {
  const options = {
    tokenizer: new Words(),
    samples: 3,
    prompt: () => Promise.resolve("a b "),
    read: () => [],
  };
  const [event] = await run({ ...options, maxTokens: 7 });
  deepStrictEqual([event.samples, event.words, event.found], [3, 3 * 5, 0]);
  strictEqual((await run({ ...options, maxTokens: 1 }))[0].words, 0);
  deepStrictEqual(await run({ ...options, maxTokens: 7, samples: 0 }), []);
});

Deno.test("foundWords() counts words cut by pieces of the text, and no words across special tokens", async () => {
  const whole = idsOf("one two three four é");
  const cut = [...whole].map((id) => Uint32Array.of(id));
  const [event] = await run({});
  const found = async (pieces: readonly Uint32Array[]) => (await run({ read: () => pieces }))[0].found;
  const all = await found([whole]);
  ok(all > event.found);
  strictEqual(await found(cut), all);
  // Letters of one byte, so that the separators cut words but no character.
  const ascii = idsOf("one two three four"), apart = [...ascii].flatMap((id) => [id, 263]);
  ok(await found([Uint32Array.from(apart)]) < await found([ascii]));
  strictEqual(await found([Uint32Array.of(263), whole, Uint32Array.of(263, 263)]), all);
});

Deno.test("foundWords() searches at most so many tokens, and says so unless all words were found", async () => {
  const text = idsOf("one two three four é");
  const origins = [{ path: "a", start: 0, count: text.length }];
  const [all] = await run({ origins, read: () => [text] });
  strictEqual(all.firstTokens, undefined);
  const [some] = await run({ origins, read: () => [text], maxSearched: 8 });
  strictEqual(some.firstTokens, 8);
  ok(some.found < all.found);
});

Deno.test("foundWords() counts 0 words where there are none", async () => {
  const numbers = new BpeTokenizer({
    pattern: "none",
    tokens: [111, 49, 50, 51, 52, 53, 54, 32].map((byte) => Uint8Array.of(byte))
      .concat(bytes.filter(([byte]) => ![111, 49, 50, 51, 52, 53, 54, 32].includes(byte))),
    merges: [],
    special: new Map(),
  });
  const [event] = await run({ tokenizer: numbers, maxTokens: 1 });
  deepStrictEqual([event.words, event.found, event.firstTokens], [0, 0, undefined]);
});

Deno.test("foundWords() emits nothing without shards, with foreign ids, and on a resume at the goal", async () => {
  deepStrictEqual(await run({ origins: [] }), []);
  deepStrictEqual(await run({ read: () => [Uint32Array.of(0, 999)] }), []);
  const gone = () => {
    throw new Deno.errors.NotFound("gone");
  };
  deepStrictEqual(await run({ read: gone }), []);
  await rejects(
    run({
      read: () => {
        throw new TypeError("a fault");
      },
    }),
    /a fault/,
  );

  const checkpoints = new MemoryCheckpoints();
  strictEqual((await run({ checkpoints })).length, 1);
  const [last] = checkpoints.all.slice(-1);
  deepStrictEqual(await run({ checkpoints: new MemoryCheckpoints(last) }), []);
  const [later] = await run({ checkpoints: new MemoryCheckpoints(last), steps: 3 });
  strictEqual(later.step, 3);
});

Deno.test("foundWords() ends without a result once the run is asked to stop", async () => {
  const stop = new AbortController();
  let pieces = 0;
  const read = function* () {
    for (;; pieces++) {
      if (pieces === 2) stop.abort();
      yield idsOf("one two ");
    }
  };
  deepStrictEqual(await run({ read, stopping: stop.signal, maxSearched: Infinity }), []);
  ok(pieces < 10, `${pieces}`);
});
