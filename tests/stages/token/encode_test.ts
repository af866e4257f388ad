import { deepStrictEqual, strictEqual, throws } from "node:assert/strict";
import { checkStage } from "../../../stages/flow/check_resume.ts";
import type { Stage } from "../../../stages/flow/stage.ts";
import { byteTokenizer } from "../../../stages/token/byte.ts";
import { CharTokenizer } from "../../../stages/token/char.ts";
import { count } from "../../../stages/token/count.ts";
import { encode, utf8Length } from "../../../stages/token/encode.ts";
import { contextWith } from "../context.ts";

const context = contextWith();

async function outputs<In, Out>(stage: Stage<In, Out>, item: In): Promise<unknown[]> {
  return await Array.fromAsync(stage.push(item, await stage.open(context), context));
}

Deno.test("encode() puts the end-of-text token before each document and counts its bytes", async () => {
  const items = await outputs(encode(byteTokenizer()), { id: "d", text: "é<" });
  deepStrictEqual(items, [{ id: "d", ids: Uint32Array.of(256, 195, 169, 60), bytes: 3 }]);
});

Deno.test("encode() without separator needs no end-of-text token, with one it does", async () => {
  const plain = CharTokenizer.fromTexts(["ab"], []);
  deepStrictEqual(await outputs(encode(plain, { separator: false }), { id: "d", text: "ba" }), [
    { id: "d", ids: Uint32Array.of(1, 0), bytes: 2 },
  ]);
  throws(() => encode(plain), /no <\|endoftext\|>/);
});

Deno.test("count() adds the number of tokens and keeps the other fields", async () => {
  const doc = { id: "d", text: "abc", url: "https://example.org" };
  deepStrictEqual(await outputs(count(byteTokenizer()), doc), [{ ...doc, tokenCount: 3 }]);
});

Deno.test("encode() and count() pass checkStage()", async () => {
  const docs = ["one", "", "two words", "3"].map((text, i) => ({ id: `${i}`, text }));
  await checkStage(() => encode(byteTokenizer()), docs);
  await checkStage(() => count(byteTokenizer()), docs);
});

Deno.test("utf8Length() is the length of TextEncoder's output", () => {
  for (const text of ["", "abc", "é", "안녕", "😉x", "\uD800", "a\uDC00b", "\uD83D\uD83D\uDE09"]) {
    strictEqual(utf8Length(text), new TextEncoder().encode(text).length, JSON.stringify(text));
  }
});
