import { deepStrictEqual, strictEqual, throws } from "node:assert/strict";
import { CharTokenizer } from "../../../../stages/token/char.ts";
import { parseNanoGptMeta } from "../../../../stages/token/files/nanogpt_meta.ts";
import { loadTokenizer } from "../../../../stages/token/load_tokenizer.ts";
import { int, text } from "../../format/model/pytorch/torch_save.ts";
import { withFolder } from "../../../temporary.ts";

/** Returns the pickle of `{"vocab_size": …, "itos": {0: …}, "stoi": {…: 0}}`. */
function metaOf(characters: readonly string[], first = 0): Uint8Array<ArrayBuffer> {
  const pairs = (swap: boolean) =>
    characters.flatMap((character, i) =>
      swap ? [...text(character), ...int(i + first)] : [...int(i + first), ...text(character)]
    );
  const map = (items: readonly number[]) => [0x7D, 0x28, ...items, 0x75];
  return Uint8Array.from([
    0x80,
    4,
    ...map([
      ...[...text("vocab_size"), ...int(characters.length)],
      ...[...text("itos"), ...map(pairs(false))],
      ...[...text("stoi"), ...map(pairs(true))],
    ]),
    0x2E,
  ]);
}

Deno.test("nanoGPT's meta.pkl is read as a character tokenizer with its ids", async () => {
  const characters = ["\n", " ", "!", "a", "é", "好"];
  const tokenizer = parseNanoGptMeta(metaOf(characters), "meta.pkl");
  strictEqual(tokenizer.vocabSize, 6);
  deepStrictEqual([...tokenizer.encodeOrdinary("a é!\n好")], [3, 1, 4, 2, 0, 5]);
  strictEqual(tokenizer.decode([3, 1, 4]), "a é");
  await withFolder(async (dir) => {
    await Deno.writeFile(`${dir}/meta.pkl`, metaOf(characters));
    for (const path of [dir, `${dir}/meta.pkl`]) {
      const read = await loadTokenizer(path);
      strictEqual(read instanceof CharTokenizer, true);
      deepStrictEqual([...read.encodeOrdinary("好")], [5]);
    }
  });
});

Deno.test("a pickle that is no meta.pkl is refused with the reason", () => {
  const refused = (bytes: Uint8Array<ArrayBuffer>, message: RegExp) =>
    throws(
      () => parseNanoGptMeta(bytes, "meta.pkl"),
      (error: Error) => error instanceof SyntaxError && message.test(error.message),
    );
  refused(metaOf(["a"], 1), /itos has no text for each id from 0 to 0/);
  refused(Uint8Array.of(0x80, 4, 0x7D, 0x2E), /it has no dictionary itos/);
  refused(
    Uint8Array.of(0x80, 4, 0x63, 0x6F, 0x73, 0x0A, 0x78, 0x0A, 0x2E),
    /it uses "os\.x", which could run any code/,
  );
  refused(new TextEncoder().encode("{}"), /meta\.pkl/);
});
