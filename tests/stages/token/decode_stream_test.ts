import { deepStrictEqual, strictEqual } from "node:assert/strict";
import { uniformAt } from "../../../kernels/random/philox.ts";
import { byteTokenizer } from "../../../stages/token/byte.ts";
import { decodeStream, StreamDecoder } from "../../../stages/token/decode_stream.ts";
import { gpt2Tokenizer } from "../../../stages/token/files/openai_vocabularies.ts";
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
