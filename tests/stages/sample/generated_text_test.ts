import { deepStrictEqual } from "node:assert/strict";
import { GeneratedText } from "../../../stages/sample/generated_text.ts";
import { parseHuggingFaceJson } from "../../../stages/token/files/hugging_face.ts";
import { publishedShapes } from "../token/composed/shapes.ts";

Deno.test("GeneratedText keeps the blank before the first word after a prompt, and removes it before a new text", async () => {
  const tokenizer = parseHuggingFaceJson(JSON.stringify((await publishedShapes()).get("Llama 2")), "t");
  const firstPiece = (prompt: string): unknown => {
    const options = { maxTokens: 2, temperature: 0 };
    const { vocabSize } = tokenizer;
    const text = new GeneratedText({ prompt, sample: 0 }, { index: 0, tokenizer, vocabSize, options });
    text.logits = new Float32Array(vocabSize);
    text.logits[332] = 1; // ▁night
    return [...text.sampleNext()];
  };
  deepStrictEqual(firstPiece("the"), [{ text: 0, piece: " night" }]);
  deepStrictEqual(firstPiece("the</s>"), [{ text: 0, piece: " night" }]);
  deepStrictEqual(firstPiece(""), [{ text: 0, piece: "night" }]); // after <s>
});
