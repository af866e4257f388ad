import { deepStrictEqual, strictEqual, throws } from "node:assert/strict";
import { openLlmcShard, shardHeader, tokenWidth } from "../../../../stages/format/tokens/llmc_shard.ts";
import { openNanogptBin } from "../../../../stages/format/tokens/nanogpt.ts";
import { bytesOfTokens } from "../../../../stages/format/tokens/token_file.ts";
import { CharTokenizer } from "../../../../stages/token/char.ts";
import { encode } from "../../../../stages/token/encode.ts";
import { gpt2Tokenizer } from "../../../../stages/token/files/openai_vocabularies.ts";
import { from } from "../../../../stages/flow/flow.ts";
import { sharedTest } from "../../../shared_data.ts";
import { withFolder } from "../../../temporary.ts";

Deno.test("openLlmcShard() reads tokens of either width, from any position", () =>
  withFolder(async (dir) => {
    for (const vocabSize of [65_536, 65_537]) {
      const width = tokenWidth(vocabSize), ids = Uint32Array.of(0, vocabSize - 1, 7, 255, 256);
      const path = `${dir}/${vocabSize}.bin`;
      await Deno.writeFile(path, await new Blob([shardHeader(5, width), bytesOfTokens(ids, width)]).bytes());
      const file = openLlmcShard(path);
      strictEqual(file.count, 5);
      deepStrictEqual(file.read(0, 5), ids);
      deepStrictEqual(file.read(1, 3), ids.slice(1, 4));
      throws(() => file.read(3, 3), /Cannot read tokens 3 to 5 of .*: it has 5/);
      file.close();
    }
  }));

Deno.test("openLlmcShard() reads a shard that is still written, whose header counts no tokens yet", () =>
  withFolder(async (dir) => {
    const bytes = await new Blob([shardHeader(0, 2), bytesOfTokens(Uint32Array.of(1, 2, 3), 2)]).bytes();
    await Deno.writeFile(`${dir}/a.bin.partial`, bytes);
    const file = openLlmcShard(`${dir}/a.bin`);
    strictEqual(file.path, `${dir}/a.bin.partial`);
    deepStrictEqual([...file.read(0, file.count)], [1, 2, 3]);
    file.close();
    throws(() => openLlmcShard(`${dir}/b.bin`), Deno.errors.NotFound);
  }));

Deno.test("shardHeader() refuses more tokens than its field can count", () => {
  throws(() => shardHeader(2 ** 31, 2), RangeError);
});

Deno.test("openNanogptBin() reads little-endian uint16 ids and refuses an empty file", () =>
  withFolder(async (dir) => {
    await Deno.writeFile(`${dir}/train.bin`, Uint8Array.of(1, 0, 0x50, 0xC4));
    const file = openNanogptBin(`${dir}/train.bin`);
    deepStrictEqual([...file.read(0, file.count)], [1, 50_256]);
    file.close();
    await Deno.writeFile(`${dir}/train.bin`, new Uint8Array(0));
    throws(() => openNanogptBin(`${dir}/train.bin`), /the file is empty/);
  }));

sharedTest("openLlmcShard() reads the shard that llm.c trained on", ["golden/tokens.bin"], (path) => {
  const file = openLlmcShard(path("golden/tokens.bin"));
  strictEqual(file.count, 40_000);
  strictEqual(file.read(0, file.count).reduce((most, id) => Math.max(most, id), 0) < 512, true);
  file.close();
});

const SHAKESPEARE = "text/tinyshakespeare.txt";

sharedTest(
  "encode() and shardHeader() write llm.c's tiny Shakespeare byte for byte",
  [SHAKESPEARE],
  async (path) => {
    // Split into sections as in llm.c's tinyshakespeare.py.
    const sections = (await Deno.readTextFile(path(SHAKESPEARE))).split("\n\n");
    const documents = sections.map((text, i) => ({
      id: `${i}`,
      text: i + 1 < sections.length ? `${text}\n\n` : text,
    }));
    const source = { name: "sections", open: () => null, read: () => documents };
    const encoded = await Array.fromAsync(from(source).pipe(encode(await gpt2Tokenizer())).stream());
    const ids = Uint32Array.from(encoded.flatMap((tokens) => [...tokens.ids]));
    const cut = 32_768; // the first tokens are for validation
    strictEqual(
      await sha256(shardHeader(cut, 2), bytesOfTokens(ids.subarray(0, cut), 2)),
      "fe99db720dc7c83e694806d4e047a952909411da1daccde4ccc2e55f40882a62",
    );
    strictEqual(
      await sha256(shardHeader(ids.length - cut, 2), bytesOfTokens(ids.subarray(cut), 2)),
      "8a70606be574040c26d225694f5f9759973b419852d22f7fe5c118e1b359dcc8",
    );
  },
);

sharedTest(
  "CharTokenizer and GPT-2's write nanoGPT's tiny Shakespeare byte for byte",
  [SHAKESPEARE],
  async (path) => {
    const text = await Deno.readTextFile(path(SHAKESPEARE));
    const cut = Math.floor(text.length * 0.9);
    const gpt2 = await gpt2Tokenizer(), char = CharTokenizer.fromTexts([text], []);
    strictEqual(char.vocabSize, 65);
    const goldens = [
      [char, "6ec305602a99ac2802745a134e1f5e33e2231b4855525b00b9aebb730ac2626f"],
      [gpt2, "502a2bdc8210d1ac5d5674867cb74467dd31db575d25cf6dbb08c8bdbea8680f"],
    ] as const;
    for (const [tokenizer, sum] of goldens) {
      strictEqual(await sha256(bytesOfTokens(tokenizer.encodeOrdinary(text.slice(0, cut)), 2)), sum);
    }
    strictEqual(
      await sha256(bytesOfTokens(char.encodeOrdinary(text.slice(cut)), 2)),
      "d37d30cc0c8327c270d493299c3dca54135f6d5f1c9ef60cda78076e311204b1",
    );
  },
);

async function sha256(...parts: Uint8Array<ArrayBuffer>[]): Promise<string> {
  return new Uint8Array(await crypto.subtle.digest("SHA-256", await new Blob(parts).arrayBuffer())).toHex();
}
