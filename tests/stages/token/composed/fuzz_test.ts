import { ok } from "node:assert/strict";
import { compareWithHuggingFace } from "./fuzz.ts";
import { publishedShapes } from "./shapes.ts";

for (const [name, json] of await publishedShapes()) {
  Deno.test(`a tokenizer shaped as ${name}'s gives the ids and texts of Hugging Face's library on 300 texts`, () => {
    ok(compareWithHuggingFace(json, { name, from: 0, to: 300 }).ids > 3000);
  });
}
