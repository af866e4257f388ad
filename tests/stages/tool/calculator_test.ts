/**
 * Tests the calculator and the state machine of calls.
 *
 * @module
 */
import { deepEqual, equal } from "node:assert/strict";
import { nanochatIds, nanochatTokens } from "../../../stages/chat/template/nanochat.ts";
import { CharTokenizer } from "../../../stages/token/char.ts";
import { calculate, calculator } from "../../../stages/tool/calculator.ts";
import { CodeHand } from "../../../stages/tool/code_hand.ts";

Deno.test("calculate() gives the value of expressions, and null for everything else", () => {
  const values: readonly [string, number | null][] = [
    ["12/60", 0.2],
    ["10/5", 2],
    ["1,000*3", 3000],
    ["'strawberry'.count('r')", 3],
    ['"aaa".count("aa")', 1],
    ["2**9", null],
    ["1/0", null],
    ["0/0", null],
    ["__import__('os')", null],
    ["1+", null],
    ["(1+2", null],
    ["1 2", null],
    ["", null],
    [".", null],
    ["-(3-5)*2.5", 5],
    ["--3", 3],
    ["2-3-4", -5],
    ["2/4/2", 0.25],
    [`${"(".repeat(100)}1${")".repeat(100)}`, 1],
    [`${"(".repeat(101)}1${")".repeat(101)}`, null],
    ["(".repeat(10_000), null],
  ];
  for (const [text, value] of values) equal(calculate(text), value, text);
});

const tokenizer = new CharTokenizer([...new Set("0123456789+*. error: not an expression")], nanochatTokens);
const tokens = nanochatIds(tokenizer);

/** Writes a text with the special tokens' names in it, one token at a time. */
async function written(hand: CodeHand, text: string): Promise<string[]> {
  const forced: string[] = [];
  for (const id of tokenizer.encode(text, { allowedSpecial: "all" })) {
    const more = await hand.after(id);
    if (more.length > 0) forced.push(tokenizer.decode(more));
  }
  return forced;
}

Deno.test("CodeHand forces the output of code, tells failures, and runs nothing after its last call", async () => {
  const hand = new CodeHand({ tokenizer, tokens, tools: [calculator()], maxCalls: 2 });
  const call = "<|python_start|>2*3<|python_end|>";
  deepEqual(await written(hand, `1+1 ${call}`), ["<|output_start|>6<|output_end|>"]);
  deepEqual(await written(hand, "<|python_start|>2*<|python_end|>"), [
    "<|output_start|>error: not an expression<|output_end|>",
  ]);
  // Letters that the tokenizer lacks are left out.
  deepEqual(await written(hand, call), ["<|output_start|>error: no ore tan 2 as<|output_end|>"]);
  deepEqual([hand.calls, hand.failures], [3, 2]);
});
