/**
 * Tests texts that are designed to be slow. The number of operations must grow linearly with the length of
 * the text.
 */
import { deepStrictEqual, ok, strictEqual } from "node:assert/strict";
import { merge, PairTable } from "../../../../stages/token/merge.ts";
import { chunks } from "../../../../stages/token/split/patterns.ts";
import { cl100kTokenizer, gpt2Tokenizer } from "../../../../stages/token/files/openai_vocabularies.ts";

const gpt2 = await gpt2Tokenizer();

/** A table that counts its lookups. */
class CountingTable extends PairTable {
  calls = 0;

  override rank(left: number, right: number): number {
    this.calls++;
    return super.rank(left, right);
  }
}

const SMALL = 1 << 13, TIMES = 16; // the larger text is TIMES as long as the smaller one

Deno.test("merge() needs about sixteen times the lookups for sixteen times the text", () => {
  const table = new CountingTable(gpt2.merges.length);
  gpt2.merges.forEach(([left, right, id], rank) => table.add(left, right, { rank, id }));
  for (const letter of ["a", " ", "0", "^", "\n", "\u{1F600}", "ab", "'s", "\u4F60"]) {
    const calls = [SMALL, SMALL * TIMES].map((length) => {
      const text = new TextEncoder().encode(letter.repeat(length));
      table.calls = 0;
      merge(Uint32Array.from(text, (byte) => gpt2.byteIds[byte]), table);
      return table.calls;
    });
    ok(
      calls[1] < calls[0] * TIMES * 1.1,
      `${JSON.stringify(letter)}: ${calls[0]} lookups, then ${calls[1]}`,
    );
    ok(calls[0] < 8 * letter.length * 4 * SMALL, `${JSON.stringify(letter)}: ${calls[0]} lookups`);
  }
});

Deno.test("chunks() reads each character only a few times", () => {
  const texts: readonly ((length: number) => string)[] = [
    ..."a|A|aA|Aa|1| |\n| \n|\n |'|'s|!|/|\u0301|A\u0301|\u4F60|\u{1F600}|\t|\u0085".split("|").map(
      (part) => (length: number) => part.repeat(length),
    ),
    (length) => `\u4F60${"A".repeat(length)}!`, // the split backtracks over all capitals
    (length) => `\u0301${"A".repeat(length)}!`,
    (length) => `\n${" ".repeat(length)}x`, // the split backtracks over all spaces
    (length) => `${" ".repeat(length)}\n${" ".repeat(length)}`,
    (length) => `${"A".repeat(length)}a`,
  ];
  for (const pattern of ["gpt2", "gpt4", "o200k"]) {
    for (const make of texts) {
      const text = make(2000);
      const reads = countReads(() => strictEqual([...chunks(text, pattern)].join(""), text));
      ok(reads < 12 * text.length + 50, `${pattern}: ${reads} reads of ${JSON.stringify(text.slice(0, 10))}`);
    }
  }
});

Deno.test("encodeOrdinary() of a megabyte of one letter, space or emoji, and encode() of tiktoken's slow texts", async () => {
  for (const text of ["x".repeat(1 << 20), " ".repeat(1 << 20), "\u{1F600}".repeat(1 << 18)]) {
    strictEqual(gpt2.decode(gpt2.encodeOrdinary(text)), text);
  }
  const cl100k = await cl100kTokenizer();
  // The texts of tiktoken's tests/test_encoding.py, test_catastrophically_repetitive.
  for (const part of ["^", "0", "a", "'s", " ", "\n"]) {
    for (const text of [part.repeat(10_000), ` ${part.repeat(10_000)}`, `${part.repeat(10_000)}\n`]) {
      deepStrictEqual(cl100k.decode(cl100k.encode(text)), text);
    }
  }
});

/** Returns the number of UTF-16 units that `work` reads. */
function countReads(work: () => void): number {
  const original = String.prototype.charCodeAt;
  let reads = 0;
  String.prototype.charCodeAt = function (index) {
    reads++;
    return original.call(this, index);
  };
  try {
    work();
  } finally {
    String.prototype.charCodeAt = original;
  }
  return reads;
}
