import { deepStrictEqual, strictEqual, throws } from "node:assert/strict";
import { hasTemplate, promptIds } from "../../../stages/sample/prompt_ids.ts";
import { byteTokenizer } from "../../../stages/token/byte.ts";
import { CharTokenizer } from "../../../stages/token/char.ts";
import { parseHuggingFaceJson } from "../../../stages/token/files/hugging_face.ts";
import { publishedShapes } from "../token/composed/shapes.ts";

Deno.test("promptIds() begins as transformers does, reads special tokens, and starts an empty prompt from the end of text", async () => {
  const llama = parseHuggingFaceJson(JSON.stringify((await publishedShapes()).get("Llama 2")), "t");
  deepStrictEqual(promptIds(llama, "the</s>"), [1, 314, 2]);
  deepStrictEqual(promptIds(llama, ""), [1]);
  deepStrictEqual(promptIds(llama, "the", { allowedSpecial: "all" }), [314]);
  throws(() => promptIds(llama, "the</s>", { addSpecialTokens: true }), /special token <\/s> at index 3/);
  throws(() => promptIds(llama, "", {}), /no end of text/);
  deepStrictEqual(promptIds(byteTokenizer(), "a<|endoftext|>"), [97, 256]);
  deepStrictEqual(promptIds(byteTokenizer(), ""), [256]);
  throws(() => promptIds(CharTokenizer.fromTexts(["a"], []), ""), /no end of text: give a prompt/);
  deepStrictEqual([llama, byteTokenizer()].map(hasTemplate), [true, false]);
  strictEqual(promptIds(llama, "the", { disallowedSpecial: [] }).length, 1);
});
