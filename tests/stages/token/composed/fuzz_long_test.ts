import { compareWithHuggingFace } from "./fuzz.ts";
import { publishedShapes } from "./shapes.ts";

for (const [name, json] of await publishedShapes()) {
  Deno.test(`a tokenizer shaped as ${name}'s gives the ids and texts of Hugging Face's library on 10,000 texts`, () => {
    const { texts, ids } = compareWithHuggingFace(json, { name, from: 300, to: 10_300 });
    console.log(`${name}: ${texts} texts, ${ids} ids`);
  });
}
