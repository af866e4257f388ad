import { encode as cl100kOracle } from "gpt-tokenizer/encoding/cl100k_base";
import { encode as r50kOracle } from "gpt-tokenizer/encoding/r50k_base";
import { deepStrictEqual, strictEqual } from "node:assert/strict";
import { from } from "../../../stages/flow/flow.ts";
import { embedded } from "../../../stages/source/embedded.ts";
import { cl100kTokenizer, gpt2Tokenizer } from "../../../stages/token/published.ts";

const gpt2 = await gpt2Tokenizer();
const cl100k = await cl100kTokenizer();

Deno.test("encode() agrees with gpt-tokenizer on all speeches and the first mails", async () => {
  let speechTokens = 0;
  for await (const { text } of from(embedded("sotu", { ordered: true })).stream()) {
    const ids = gpt2.encodeOrdinary(text);
    deepStrictEqual([...ids], r50kOracle(text));
    speechTokens += ids.length;
  }
  strictEqual(speechTokens > 2_000_000, true);
  let mails = 0;
  for await (const { id, text } of from(embedded("spam-assassin", { ordered: true })).stream()) {
    deepStrictEqual([...cl100k.encodeOrdinary(text)], cl100kOracle(text), id);
    if (++mails === 300) break;
  }
});
