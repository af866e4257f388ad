import { deepStrictEqual } from "node:assert/strict";
import { parseHuggingFaceJson } from "../../../../stages/token/files/hugging_face.ts";
import golden from "./golden.json" with { type: "json" };
import { stableText } from "./fuzz.ts";
import { publishedShapes } from "./shapes.ts";
import { variations } from "./variations.ts";

const TEXTS = 200;

Deno.test("published shapes and 92 variations give the ids and texts of the Python package tokenizers", async () => {
  // golden.json has, of tokenizers 0.23.3, digests of the ids with special tokens, with the template, of
  // ordinary text, and of the decoded text. The npm package differs from it, for example where a split is
  // inverted.
  const digests: [string, string][] = [];
  for (const [name, json] of [...await publishedShapes(), ...await variations()]) {
    const tokenizer = parseHuggingFaceJson(JSON.stringify(json), `${name}.json`);
    const added = json.added_tokens.map(({ content }: { content: string }) => content);
    const lines = Array.from({ length: TEXTS }, (_, trial) => {
      const text = stableText(trial, added), ids = tokenizer.encode(text, { allowedSpecial: "all" });
      const whole = tokenizer.encode(text, { allowedSpecial: "all", addSpecialTokens: true });
      return JSON.stringify([
        [...ids],
        [...whole],
        [...tokenizer.encodeOrdinary(text)],
        tokenizer.decode(ids),
      ]);
    });
    const hash = await crypto.subtle.digest("SHA-256", new TextEncoder().encode(lines.join("\n")));
    digests.push([name, new Uint8Array(hash).toHex().slice(0, 16)]);
  }
  deepStrictEqual(Object.fromEntries(digests), golden);
});
