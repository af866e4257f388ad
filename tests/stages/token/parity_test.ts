import { encode as cl100kOracle } from "gpt-tokenizer/encoding/cl100k_base";
import { encode as o200kOracle } from "gpt-tokenizer/encoding/o200k_base";
import { encode as p50kOracle } from "gpt-tokenizer/encoding/p50k_base";
import { encode as r50kOracle } from "gpt-tokenizer/encoding/r50k_base";
import { deepStrictEqual, strictEqual } from "node:assert/strict";
import { from } from "../../../stages/flow/flow.ts";
import { embedded } from "../../../stages/source/embedded/embedded.ts";
import { openAiTokenizer } from "../../../stages/token/files/openai_vocabularies.ts";
import { randomText } from "./random_text.ts";

const NAMES = ["gpt2", "p50k", "cl100k", "o200k"] as const;
const ORACLES: Readonly<Record<typeof NAMES[number], (text: string, options: object) => number[]>> = {
  gpt2: r50kOracle,
  p50k: p50kOracle,
  cl100k: cl100kOracle,
  o200k: o200kOracle,
};
const PLAIN = { disallowedSpecial: new Set() };

const ours = new Map(
  await Promise.all(
    NAMES.map(async (name) => [name, await openAiTokenizer(name)] as const),
  ),
);

Deno.test("encodeOrdinary() agrees with gpt-tokenizer on speeches and on 100 mails", async () => {
  let speechTokens = 0, count = 0;
  for await (const { text } of from(embedded("sotu", { ordered: true })).stream()) {
    for (const [name, tokenizer] of ours) {
      if (name !== "gpt2" && count % 16 > 0) continue;
      const ids = tokenizer.encodeOrdinary(text);
      deepStrictEqual([...ids], ORACLES[name](text, PLAIN), name);
      if (name === "gpt2") speechTokens += ids.length;
    }
    count++;
  }
  strictEqual(speechTokens > 2_000_000, true);
  let mails = 0;
  for await (const { id, text } of from(embedded("spam-assassin", { ordered: true })).stream()) {
    for (const [name, tokenizer] of ours) {
      deepStrictEqual([...tokenizer.encodeOrdinary(text)], ORACLES[name](text, PLAIN), `${name} ${id}`);
    }
    if (++mails === 100) break;
  }
});

Deno.test("encodeOrdinary() agrees with gpt-tokenizer on random texts, known bugs of gpt-tokenizer excepted", () => {
  for (let trial = 0; trial < 1500; trial++) {
    // gpt-tokenizer uses JavaScript's \\s for white space and does not treat ſ after an apostrophe as `s`.
    const text = randomText(trial).replace(/[\u0085\uFEFF\u017F]/g, "");
    for (const [name, tokenizer] of ours) {
      const ids = [...tokenizer.encodeOrdinary(text)];
      deepStrictEqual(ids, ORACLES[name](text, PLAIN), `${name} ${JSON.stringify(text)}`);
    }
  }
});
