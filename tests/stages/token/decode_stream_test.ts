import { deepStrictEqual, strictEqual } from "node:assert/strict";
import { uniformAt } from "../../../kernels/random/philox.ts";
import { byteTokenizer } from "../../../stages/token/byte.ts";
import { decodeStream, StreamDecoder } from "../../../stages/token/decode_stream.ts";
import { gpt2Tokenizer } from "../../../stages/token/files/openai_vocabularies.ts";
import { parseHuggingFaceJson } from "../../../stages/token/files/hugging_face.ts";
import { stableText } from "./composed/fuzz.ts";
import { publishedShapes } from "./composed/shapes.ts";
import { variations } from "./composed/variations.ts";
import { randomText } from "./random_text.ts";

Deno.test("StreamDecoder returns only complete characters, and its texts join to the whole", async () => {
  for (const tokenizer of [await gpt2Tokenizer(), byteTokenizer()]) {
    for (let trial = 0; trial < 300; trial++) {
      const text = randomText(trial);
      const decoder = new StreamDecoder(tokenizer);
      const parts = Array.from(tokenizer.encodeOrdinary(text), (id) => decoder.push(id));
      strictEqual(decoder.end(), "");
      strictEqual(parts.join(""), text);
      strictEqual(parts.every((part) => part.isWellFormed()), true);
    }
  }
});

Deno.test("StreamDecoder of random ids in random groups joins to the result of decode()", async () => {
  const gpt2 = await gpt2Tokenizer();
  for (let trial = 0; trial < 200; trial++) {
    const ids = Array.from({ length: 20 }, (_, i) => Math.floor(uniformAt(4, `ids ${trial}`, i) * 50_257));
    const decoder = new StreamDecoder(gpt2);
    let text = "";
    for (let at = 0; at < ids.length;) {
      const size = Math.floor(uniformAt(4, `size ${trial}`, at) * 4);
      text += decoder.push(ids.slice(at, at + size));
      at += size === 0 ? 1 : size;
      if (size === 0) text += decoder.push(ids[at - 1]);
    }
    strictEqual(text + decoder.end(), gpt2.decode(ids));
  }
});

Deno.test("decodeStream() passes on complete characters, and U+FFFD for an incomplete one at the end", async () => {
  const ids: (number | number[])[] = [0xF0, [0x9F, 0x8C], [], 0x8D, 0x21, 0xC3];
  const texts = ReadableStream.from(ids).pipeThrough(decodeStream(byteTokenizer()));
  deepStrictEqual(await Array.fromAsync(texts), ["🌍", "!", "\uFFFD"]);
});

Deno.test("StreamDecoder removes the blank before a text as tokenizers' DecodeStream does, but not after a prompt", async () => {
  const shapes = new Map([...await publishedShapes(), ...await variations()]);
  const streamed = (name: string, ids: readonly number[], after: readonly number[] = []): string[] => {
    const tokenizer = parseHuggingFaceJson(JSON.stringify(shapes.get(name)), name);
    const decoder = new StreamDecoder(tokenizer, { after });
    return [...ids.map((id) => decoder.push(id)), decoder.end()];
  };
  // Pieces of tokenizers 0.23.3.
  const ids = [314, 332, 320, 239, 152, 139, 259, 284, 36];
  const pieces = ["the", " night", "  ", "", "", "안", " ", "x", "!", ""];
  deepStrictEqual(streamed("Llama 2", ids), pieces);
  deepStrictEqual(streamed("Llama 2, Metaspace", ids), pieces);
  deepStrictEqual(streamed('{"ignore_merges":true} and Metaspace', [314, 259, 332, 315]), [
    "the",
    " ",
    " night",
    " a",
    "",
  ]);
  deepStrictEqual(streamed("Llama 2", [332], [314]), [" night", ""]);
  deepStrictEqual(streamed("Llama 2", [332]), ["night", ""]);
  deepStrictEqual(streamed("Llama 2", [239, 152]), ["", "", "\uFFFD\uFFFD"]);
});

Deno.test("StreamDecoder's texts join to decode() of all ids for 103 tokenizer.json", async () => {
  for (const [name, json] of [...await publishedShapes(), ...await variations()]) {
    if (json.decoder?.suffix === "t") continue; // a `t` inside a token is removed or not, as a token follows
    const tokenizer = parseHuggingFaceJson(JSON.stringify(json), name);
    for (let trial = 0; trial < 40; trial++) {
      const ids = tokenizer.encode(stableText(trial, []), { allowedSpecial: "all" });
      const decoder = new StreamDecoder(tokenizer);
      const text = Array.from(ids, (id) => decoder.push(id)).join("") + decoder.end();
      strictEqual(text, tokenizer.decode(ids), `${name}, text ${trial}`);
    }
  }
});

Deno.test("StreamDecoder returns bytes that never become a character after 32 ids, so that it holds no more", async () => {
  const llama = parseHuggingFaceJson(JSON.stringify((await publishedShapes()).get("Llama 2")), "t");
  const decoder = new StreamDecoder(llama), byte = llama.encodeSingleToken(Uint8Array.of(0x80));
  const pieces = Array.from({ length: 100 }, () => decoder.push(byte));
  strictEqual(pieces.slice(0, 32).join(""), "");
  strictEqual(pieces[32], "\uFFFD".repeat(33));
  strictEqual(pieces.join("") + decoder.end(), "\uFFFD".repeat(100));
});

Deno.test("StreamDecoder decodes from the beginning where the decoder removes more than one blank", async () => {
  const json = (await publishedShapes()).get("SmolLM2");
  const decoders = [json.decoder, { type: "Strip", content: " ", start: 2, stop: 1 }];
  const tokenizer = parseHuggingFaceJson(
    JSON.stringify({ ...json, decoder: { type: "Sequence", decoders } }),
    "t",
  );
  for (const text of ["   the  night ", "a  b", "  ", "NIGHT  <x>   "]) {
    const ids = [...tokenizer.encode(text)], decoder = new StreamDecoder(tokenizer);
    const streamed = ids.map((id) => decoder.push(id)).join("") + decoder.end();
    strictEqual(streamed, tokenizer.decode(ids), JSON.stringify(text));
  }
});
