import { deepStrictEqual, match, ok, strictEqual, throws } from "node:assert/strict";
import { uniformAt } from "../../../kernels/random/philox.ts";
import {
  defaultWish,
  type PageState,
  searchOf,
  stateOf,
} from "../../../pipelines/page/playground/address.ts";
import { Curve } from "../../../pipelines/page/playground/curve.ts";
import {
  defaults,
  numberRanges,
  type Settings,
  settingsFault,
} from "../../../pipelines/page/playground/settings.ts";
import { batchAt, corpusOf } from "../../../pipelines/page/playground/training/corpus.ts";
import { bytesOf, fittingPlan, tabLimit } from "../../../pipelines/page/playground/training/memory.ts";
import { planOf } from "../../../pipelines/page/playground/training/run.ts";
import { smallSettings, smallText } from "./open_playground.ts";

Deno.test("searchOf() and stateOf() are inverse, and the defaults need no query", () => {
  const usual: PageState = { settings: defaults, ownText: "", wish: defaultWish };
  strictEqual(searchOf(usual), "");
  deepStrictEqual(stateOf(""), usual);
  const state: PageState = {
    settings: { ...defaults, text: "own", tokens: "byte", layers: 3, lr: 0.001, seed: 7 },
    ownText: "Grüße & 名前\n?#%",
    wish: { engine: "threads", threads: 3, simd: "plain" },
  };
  deepStrictEqual(stateOf(searchOf(state)), state);
  strictEqual(stateOf(searchOf({ ...state, ownText: "x".repeat(501) })).ownText, "");
});

Deno.test("stateOf() takes the default for values that are not possible", () => {
  const { settings, wish } = stateOf(
    "?layers=0&heads=1.5&lr=NaN&steps=1e99&text=x&tokens=&engine=cuda&threads=-1&seed=",
  );
  deepStrictEqual(settings, defaults);
  deepStrictEqual(wish, defaultWish);
});

Deno.test("settingsFault() accepts the bounds, refuses one step beyond, and its advice is accepted", () => {
  for (const [name, { min, max, whole }] of numberRanges()) {
    const with_ = (value: number): Settings => ({ ...defaults, heads: 1, [name]: value });
    strictEqual(settingsFault(with_(min)), null, name);
    strictEqual(settingsFault(with_(max)), name === "heads" ? null : settingsFault(with_(max)), name);
    for (const value of [min - (whole ? 1 : min / 2), max + 1, NaN, ...(whole ? [min + 0.5] : [])]) {
      match(settingsFault(with_(value)) ?? "", /choose a/, `${name} ${value}`);
    }
  }
  for (let heads = 1; heads <= 32; heads++) {
    for (const channels of [4, 5, 30, 63, 1000, 1024]) {
      const fault = settingsFault({ ...defaults, heads, channels });
      const advised = /choose (\d+) channels/.exec(fault ?? "")?.[1];
      strictEqual(fault === null, channels % heads === 0);
      if (fault !== null) {
        strictEqual(settingsFault({ ...defaults, heads, channels: Number(advised) }), null, fault);
      }
    }
  }
});

Deno.test("fittingPlan() refuses what does not fit, and what it advises fits", () => {
  const vocabSize = 512, limit = tabLimit(4);
  ok(bytesOf(fittingPlan(defaults, { vocabSize, limit })) < 100e6);
  const large: readonly Partial<Settings>[] = [
    { batch: 256, context: 1024, channels: 256 },
    { layers: 24, heads: 16, channels: 1024, context: 1024, batch: 256 },
    { layers: 24, heads: 16, channels: 1024, context: 64, batch: 8 },
    { layers: 8, channels: 512, context: 512, batch: 64 },
  ];
  for (const changed of large) {
    const settings = { ...defaults, ...changed };
    let advice = "";
    throws(() => fittingPlan(settings, { vocabSize, limit }), (error) => {
      advice = error instanceof RangeError ? error.message : "";
      return /^This run needs [\d.]+ GB, and this tab may use 2.0 GB: choose /.test(advice);
    });
    for (const choice of advice.split("choose ")[1].split(", or ")) {
      const smaller = { ...settings };
      for (const [, name, value] of choice.matchAll(/a (batch|context) of (\d+)/g)) {
        smaller[name as "batch" | "context"] = Number(value);
      }
      for (const [, value, name] of choice.matchAll(/(\d+) (layers|channels)/g)) {
        smaller[name as "layers" | "channels"] = Number(value);
      }
      strictEqual(settingsFault(smaller), null, choice);
      fittingPlan(smaller, { vocabSize, limit });
    }
  }
});

Deno.test("fittingPlan() refuses nothing that fits: its quick bound is below the plan's bytes", () => {
  for (let i = 0; i < 40; i++) {
    const draw = (name: string, most: number) => 1 + Math.floor(most * uniformAt(i, name, 0));
    const heads = draw("heads", 4);
    const settings: Settings = {
      ...defaults,
      heads,
      channels: heads * 4 * draw("channels", 8),
      layers: draw("layers", 4),
      context: draw("context", 64),
      batch: draw("batch", 16),
    };
    const vocabSize = 10 + draw("vocab", 500), bytes = bytesOf(planOf(settings, vocabSize));
    fittingPlan(settings, { vocabSize, limit: bytes });
    throws(() => fittingPlan(settings, { vocabSize, limit: bytes - 1 }), RangeError);
  }
});

Deno.test("corpusOf() holds out the last tenth, and says what to choose for a text that is too short", () => {
  for (const tokens of ["char", "byte", "bpe"] as const) {
    const { tokenizer, train, heldOut } = corpusOf(smallText, { ...smallSettings, tokens, vocab: 300 });
    const first = tokenizer.decode(train), last = tokenizer.decode(heldOut);
    strictEqual(first + last, smallText);
    ok(last.length > 0.04 * smallText.length && last.length <= 0.1 * smallText.length + 1, `${last.length}`);
  }
  const text = "abcdefghijklmnopqrstuvwxyz";
  throws(() => corpusOf(text, { ...smallSettings, context: 64 }), /choose a context of at most 22/);
  strictEqual(corpusOf(text, { ...smallSettings, context: 22 }).train.length, 23);
  throws(() => corpusOf("", smallSettings), /give more text/);
  throws(() => corpusOf("a", smallSettings), /give more text/);
  const same = "a".repeat(20_000), pairs = { ...smallSettings, tokens: "bpe", vocab: 512 } as const;
  throws(() => corpusOf(same, pairs), /: choose characters as tokens, or give more and more varied text/);
  strictEqual(corpusOf(same, { ...pairs, tokens: "char" }).train.length, 18_000);
  for (const odd of ["🙂🙃".repeat(30), "\ud83d".repeat(60)]) {
    strictEqual(corpusOf(odd, smallSettings).tokenizer.vocabSize, new Set(odd.toWellFormed()).size + 1);
  }
});

Deno.test("batchAt() draws windows within the text, the same for the same seed", () => {
  const train = Uint32Array.from({ length: 17 + 3 }, (_, i) => i),
    settings = { ...smallSettings, context: 17 };
  const seen = new Set<number>();
  for (let step = 0; step < 200; step++) {
    const { inputs, targets } = batchAt(step, { train, settings });
    inputs.forEach((id, i) => strictEqual(targets[i], id + 1));
    for (let row = 0; row < settings.batch; row++) seen.add(inputs[row * 17]);
    deepStrictEqual(batchAt(step, { train, settings }).inputs, inputs);
  }
  deepStrictEqual([...seen].sort(), [0, 1, 2]);
});

Deno.test("Curve keeps at most 2,048 points, and the mean of all values", () => {
  const curve = new Curve(), count = 1 << 15;
  for (let i = 0; i < count; i++) curve.add(i, i % 7);
  ok(curve.x.length <= 2048 && curve.x.length >= 1024, `${curve.x.length}`);
  const mean = (values: readonly number[]) => values.reduce((a, b) => a + b, 0) / values.length;
  ok(Math.abs(mean(curve.y) - 3) < 0.01);
  ok(Math.abs(mean(curve.x) - (count - 1) / 2) < 1);
});
