import { deepStrictEqual } from "node:assert/strict";
import { createHash } from "node:crypto";
import { asSource } from "../../../stages/flow/as_source.ts";
import { from } from "../../../stages/flow/flow.ts";
import { openTokens } from "../../../stages/format/tokens/token_formats.ts";
import type { Document, Tokens } from "../../../stages/items.ts";
import { shard, type ShardOptions } from "../../../stages/shard/shard.ts";
import { CharTokenizer } from "../../../stages/token/char.ts";
import { encode } from "../../../stages/token/encode.ts";
import { loadTokenizer } from "../../../stages/token/load_tokenizer.ts";
import type { Tokenizer } from "../../../stages/token/tokenizer.ts";
import { withFolder } from "../../pipelines/program.ts";
import { sharedTest } from "../../shared_data.ts";

const documents = (texts: readonly string[]) =>
  from(asSource("texts", () => texts.map((text, i): Document => ({ id: `${i}`, text }))));

const sumOf = (path: string) => createHash("sha256").update(Deno.readFileSync(path)).digest("hex");

/** Returns the SHA-256 sums of the files that the stage writes. */
async function written(
  tokens: readonly Tokens[],
  options: Omit<ShardOptions, "dir">,
): Promise<Record<string, string>> {
  const sums: Record<string, string> = {};
  await withFolder(async (dir) => {
    await from(asSource("tokens", () => tokens)).pipe(shard({ ...options, dir })).run();
    for (const { name } of Deno.readDirSync(dir)) {
      if (name.endsWith(".bin")) sums[name] = sumOf(`${dir}/${name}`);
    }
  });
  return sums;
}

sharedTest(
  "shard() writes the same files of tiny Shakespeare as nanoGPT's prepare.py, from GPT-2's tokens and from characters",
  ["text/tinyshakespeare.txt"],
  async (path) => {
    const text = Deno.readTextFileSync(path("text/tinyshakespeare.txt"));
    const at = Math.floor(text.length * 0.9);
    const parts = [text.slice(at), text.slice(0, at)]; // shard() holds out the first documents
    const cases: [tokenizer: Tokenizer, counts: number[], train: string, val: string][] = [
      [
        await loadTokenizer("gpt2"),
        [36_059, 301_966],
        "502a2bdc8210d1ac5d5674867cb74467dd31db575d25cf6dbb08c8bdbea8680f",
        "68a53422394c26a655ebe641f5c6f49888e8f4e45fe5d6f02abda63ba3ebd65b",
      ],
      [
        CharTokenizer.fromTexts([text]),
        [111_540, 1_003_854],
        "6ec305602a99ac2802745a134e1f5e33e2231b4855525b00b9aebb730ac2626f",
        "d37d30cc0c8327c270d493299c3dca54135f6d5f1c9ef60cda78076e311204b1",
      ],
    ];
    for (const [tokenizer, counts, train, val] of cases) {
      const tokens = await Array.fromAsync(
        documents(parts).pipe(encode(tokenizer, { separator: false })).stream(),
      );
      deepStrictEqual(tokens.map(({ ids }) => ids.length), counts);
      const { vocabSize } = tokenizer;
      deepStrictEqual(
        await written(tokens, { vocabSize, validationTokens: counts[0], format: "nanogpt" }),
        { "train.bin": train, "val.bin": val },
      );
    }
  },
);

Deno.test("openTokens() reads datatrove's files, whose index says the bytes per token and whether they are complete", () =>
  withFolder(async (dir) => {
    const path = `${dir}/a.ds`, open = () => openTokens({ path });
    const refused = () => {
      try {
        open().close();
        return "read";
      } catch (error) {
        return error instanceof Deno.errors.InvalidData ? "refused" : String(error);
      }
    };
    const ends = (...at: bigint[]) =>
      Deno.writeFileSync(`${path}.index`, new Uint8Array(BigUint64Array.from(at).buffer));
    Deno.writeFileSync(path, new Uint8Array(Uint16Array.of(7, 8, 50256, 9).buffer));
    const all = () => {
      const file = open();
      const ids = [...file.read(0, file.count)];
      file.close();
      return ids;
    };
    deepStrictEqual(all(), [7, 8, 50256, 9]);
    ends(3n, 4n);
    deepStrictEqual(all(), [7, 8, 50256, 9]);
    ends(2n);
    deepStrictEqual(all(), [7 + 8 * 65536, 50256 + 9 * 65536]);
    for (const at of [3n, 5n, 0n, 2n ** 63n]) {
      ends(at);
      deepStrictEqual(refused(), "refused");
    }
    Deno.writeFileSync(`${path}.index`, Uint8Array.of(1, 2, 3));
    deepStrictEqual(refused(), "refused");
    Deno.removeSync(`${path}.index`);
    await Deno.writeTextFile(`${path}.metadata`, "gpt2|4\n2\n2 T");
    deepStrictEqual(all().length, 2);
    Deno.truncateSync(path, 6);
    deepStrictEqual(refused(), "refused");
  }));
