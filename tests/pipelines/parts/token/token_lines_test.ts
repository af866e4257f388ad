import { deepStrictEqual, ok } from "node:assert/strict";
import stringWidth from "string-width";
import { tokenLines } from "../../../../pipelines/parts/token/token_lines.ts";
import { tokensOf } from "../../../../stages/token/view/text_tokens.ts";
import { loadTokenizer } from "../../../../stages/token/load_tokenizer.ts";

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
