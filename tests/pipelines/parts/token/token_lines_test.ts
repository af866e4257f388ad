import { deepStrictEqual, ok, strictEqual } from "node:assert/strict";
import stringWidth from "string-width";
import { segmentsOf, visibleToken } from "../../../../pipelines/parts/token/visible_token.ts";
import { tokenLines } from "../../../../pipelines/parts/token/token_lines.ts";
import { tokensOf } from "../../../../pipelines/parts/token/text_tokens.ts";
import { loadTokenizer } from "../../../../stages/token/load_tokenizer.ts";

const bytes = (...numbers: number[]) => Uint8Array.from(numbers);
const utf8 = new TextEncoder();

Deno.test("segmentsOf() separates complete characters from other bytes", () => {
  deepStrictEqual(segmentsOf(utf8.encode("né你🙂")), [{ text: "né你🙂" }]);
  deepStrictEqual(segmentsOf(bytes(0x20, 0xE4, 0xBD)), [{ text: " " }, { bytes: bytes(0xE4, 0xBD) }]);
  deepStrictEqual(segmentsOf(bytes(0xA0, 0x61, 0xFF)), [{ bytes: bytes(0xA0) }, { text: "a" }, {
    bytes: bytes(0xFF),
  }]);
  // An encoded surrogate is not a character.
  deepStrictEqual(segmentsOf(bytes(0xED, 0xA0, 0x80)), [{ bytes: bytes(0xED, 0xA0, 0x80) }]);
  deepStrictEqual(segmentsOf(bytes()), []);
  for (let first = 0; first < 256; first++) {
    for (const second of [0x00, 0x41, 0x80, 0xBF, 0xC3, 0xFF]) {
      const joined = segmentsOf(bytes(first, second)).flatMap((part) => [
        ..."bytes" in part ? part.bytes : utf8.encode(part.text),
      ]);
      deepStrictEqual(joined, [first, second]);
    }
  }
});

Deno.test("visibleToken() draws spaces, escapes control characters and shows incomplete characters as bytes", () => {
  strictEqual(visibleToken(utf8.encode(" a\n\t\x1b[2J")), "␣a↵⇥\\u{1b}[2J");
  strictEqual(visibleToken(utf8.encode("\u200d\u202e\u3000\u0301")), "\\u{200d}\\u{202e}\\u{3000}\u0301");
  strictEqual(visibleToken(utf8.encode("\u0301a")), "◌\u0301a");
  strictEqual(visibleToken(bytes(0x20, 0xF0, 0x9F)), "␣<f09f>");
});

Deno.test("tokenLines() puts each id below its token and fits the width, with and without colours", async () => {
  const tokenizer = await loadTokenizer("gpt2");
  const text = "Hello, world! 你好世界 🌍\n\n\tdon't stop" + " ".repeat(100) + "é\x07<|endoftext|>";
  const tokens = tokensOf(text, tokenizer);
  for (const columns of [40, 80]) {
    const plain = tokenLines(tokens, { columns, color: false });
    for (const line of plain) ok(stringWidth(line) < columns, line);
    const ids = plain.filter((_, i) => i % 2 === 1).flatMap((line) => line.trim().split(/ +/).map(Number));
    deepStrictEqual(ids, tokens.map(({ id }) => id));
    const coloured = tokenLines(tokens, { columns, color: true });
    // deno-lint-ignore no-control-regex
    deepStrictEqual(coloured.map((line) => line.replace(/\x1b\[[\d;]*m/g, "").trimEnd()), plain);
    ok(coloured[0].startsWith("\x1b[38;5;16;48;5;"));
  }
  deepStrictEqual(tokenLines(tokensOf("Hi there", tokenizer), { columns: 80, color: false }), [
    "Hi    ␣there",
    "17250 612",
  ]);
  deepStrictEqual(tokenLines([], { columns: 80, color: false }), []);
});
