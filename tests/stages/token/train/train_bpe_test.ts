import { deepStrictEqual, ok, rejects, strictEqual, throws } from "node:assert/strict";
import { uniformAt } from "../../../../kernels/random/philox.ts";
import { minbpeModel, minbpeVocab } from "../../../../stages/token/files/minbpe_files.ts";
import { GROUP_CHARACTERS } from "../../../../stages/token/train/count_chunks.ts";
import { chunks } from "../../../../stages/token/split/patterns.ts";
import { BpeTrainer, type TieBreak, trainBpe } from "../../../../stages/token/train/train_bpe.ts";
import { sharedTest } from "../../../shared_data.ts";
import { randomText } from "../random_text.ts";

Deno.test("trainBpe() reproduces minbpe's Wikipedia example", async () => {
  const { tokenizer, report } = await trainBpe(["aaabdaaabac"], { vocabSize: 259, pattern: "none" });
  deepStrictEqual([...tokenizer.encode("aaabdaaabac")], [258, 100, 258, 97, 99]);
  strictEqual(report.tokens, 5);
  strictEqual(report.bytes, 11);
});

const SWIFT = "bpe/taylorswift.txt";
const MINBPE = [ // minbpe's results for the same file and a vocabulary of 512 tokens
  {
    pattern: "none",
    first: "101,32 44,32 100,32 46,32 114,32 50,48 115,32 105,110 111,110 114,105",
    tokens: undefined,
    model: "ecff325f8c514737fa4d3ce72c719ebb211dd645b59da77697bf0853f33e0954",
    vocab: "8101c1b0dc42b9a5dfe42a4874f6c6d9adf5da23ccc1126d4c12279ce63e25ea",
  },
  {
    pattern: "gpt4",
    first: "101,114 50,48 111,114 105,110 101,100 32,116 111,110 104,101 32,83 97,114",
    tokens: 87_339,
    model: "b58d827c48c4403a3a141a9f9a8a7cedaec18a0b094dc8462612ecaa8c0f57df",
    vocab: "1888ba58e7b8571edf8897f7c691120dd5d3548650ce89e53994b6a19e3a8914",
  },
];
for (const golden of MINBPE) {
  sharedTest(
    `trainBpe() with pattern ${golden.pattern} gives minbpe's files byte for byte`,
    [SWIFT],
    async (path) => {
      const text = await Deno.readTextFile(path(SWIFT));
      const { tokenizer, report } = await trainBpe([text], { vocabSize: 512, pattern: golden.pattern });
      strictEqual(
        tokenizer.merges.slice(0, 10).map(([left, right]) => `${left},${right}`).join(" "),
        golden.first,
      );
      strictEqual(await sha256(minbpeModel(tokenizer)), golden.model);
      strictEqual(await sha256(minbpeVocab(tokenizer)), golden.vocab);
      strictEqual(tokenizer.encode(text).length, golden.tokens ?? report.tokens);
      strictEqual(report.tokens, golden.tokens ?? report.tokens);
      strictEqual(tokenizer.decode(tokenizer.encode(text)), text);
    },
  );
}

for (const tieBreak of ["first-seen", "greatest", "smallest-id"] as const) {
  Deno.test(`trainBpe() with tie-break ${tieBreak} agrees with a recount before each merge`, async () => {
    for (let trial = 0; trial < 40; trial++) {
      const texts = Array.from({ length: 3 }, (_, text) => {
        return Array.from({ length: 60 }, (_, i) => "abc d"[Math.floor(uniformAt(trial, `${text}`, i) * 5)])
          .join("");
      });
      const pattern = trial % 2 === 0 ? "gpt4" : "none";
      const { tokenizer } = await trainBpe(texts, { vocabSize: 276, pattern, tieBreak });
      const learned = tokenizer.merges.map(([left, right]) => [left, right]);
      deepStrictEqual(
        learned,
        recounted(texts.flatMap((text) => [...chunks(text, pattern)]), tieBreak, 20),
      );
    }
  });
}

Deno.test("trainBpe() gives the same merges and report on several workers and from saved counts", async () => {
  // Repeated texts give many pairs of equal frequency.
  const texts = Array.from({ length: 40 }, (_, trial) => randomText(trial).repeat(1 + trial % 5));
  const few = texts.slice(0, 12);
  for (const tieBreak of ["first-seen", "greatest", "smallest-id"] as const) {
    for (const pattern of ["o200k", "none"]) {
      const options = { vocabSize: 400, pattern, tieBreak };
      const one = await trainBpe(few, options);
      const trainer = new BpeTrainer(options), other = new BpeTrainer(options);
      few.forEach((text, i) => (i < 5 ? trainer : other).add(text));
      const again = new BpeTrainer(options);
      again.addCounted(JSON.parse(JSON.stringify(trainer.counted())));
      again.addCounted(other.counted());
      const two = again.train();
      deepStrictEqual(two.tokenizer.merges, one.tokenizer.merges);
      deepStrictEqual(two.report, one.report);
    }
  }
  // Long enough for several groups of texts, which the workers may finish in any order.
  const long = Array.from({ length: 7 }, (_, i) => texts.slice(i * 5).join(" ").repeat(100));
  const one = await trainBpe(long, { vocabSize: 500 });
  for (const workers of [2, 3]) {
    const several = await trainBpe(long, { vocabSize: 500, workers });
    deepStrictEqual(several.tokenizer.merges, one.tokenizer.merges);
    deepStrictEqual(several.report, one.report);
  }
  strictEqual(long.reduce((sum, text) => sum + text.length, 0) > 3 * GROUP_CHARACTERS, true);
});

Deno.test("trainBpe() does not depend on the order of texts if the tie-break does not", async () => {
  const texts = Array.from({ length: 12 }, (_, trial) => randomText(trial));
  for (const tieBreak of ["greatest", "smallest-id"] as const) {
    const merges = await Promise.all([texts, texts.toReversed(), texts.toSorted()].map(async (order) => {
      return (await trainBpe(order, { vocabSize: 380, tieBreak })).tokenizer.merges;
    }));
    deepStrictEqual(merges[1], merges[0]);
    deepStrictEqual(merges[2], merges[0]);
  }
});

Deno.test("trainBpe() takes a stream of texts, and refuses a bad pattern before reading it", async () => {
  let given = 0;
  async function* stream() {
    for (; given < 5; given++) yield `document ${given}`;
  }
  const { report } = await trainBpe(stream(), { vocabSize: 300 });
  strictEqual(report.texts, 5);
  await rejects(trainBpe(["a"], { vocabSize: 300, workers: 2, pattern: "[" }), SyntaxError);
});

Deno.test("trainBpe() stops when no pair is left, and gives special tokens the next ids", async () => {
  const { tokenizer, report } = await trainBpe(["ab ab"], { vocabSize: 400, special: ["<|endoftext|>"] });
  strictEqual(report.merges, 2); // "ab", " ab"
  strictEqual(tokenizer.special.get("<|endoftext|>"), 258);
  strictEqual(tokenizer.vocabSize, 259);
  deepStrictEqual(tokenizer.encodeOrdinary("<|endoftext|>").includes(258), false);
});

Deno.test("trainBpe() without texts gives the 256 bytes", async () => {
  const { tokenizer } = await trainBpe([], { vocabSize: 300 });
  strictEqual(tokenizer.vocabSize, 256);
  strictEqual(tokenizer.decode(tokenizer.encode("é")), "é");
});

Deno.test("trainBpe() treats special tokens in texts as plain text", async () => {
  const { tokenizer } = await trainBpe(["<|end|><|end|>"], {
    vocabSize: 300,
    special: ["<|end|>"],
    pattern: "none",
  });
  ok([...tokenizer.special.values()].every((id) => tokenizer.tokens[id] === undefined));
  strictEqual(tokenizer.decode(tokenizer.encode("x<|end|>", { allowedSpecial: "all" })), "x<|end|>");
});

Deno.test("BpeTrainer refuses a vocabulary that is too small for the bytes and special tokens", async () => {
  throws(() => new BpeTrainer({ vocabSize: 256, special: ["<s>"] }), /of at least 257/);
  throws(() => new BpeTrainer({ vocabSize: 1000.5 }), RangeError);
  await rejects(trainBpe([], { vocabSize: 300, pattern: "[" }), SyntaxError);
});

/** Computes the merges with minbpe's algorithm, which counts all pairs before each merge. */
function recounted(words: readonly string[], tieBreak: TieBreak, merges: number): number[][] {
  const rows = words.map((word) => [...new TextEncoder().encode(word)]);
  const tokens: string[] = Array.from({ length: 256 }, (_, byte) => String.fromCharCode(byte));
  const learned: number[][] = [];
  while (learned.length < merges) {
    const counts = new Map<string, { left: number; right: number; count: number }>();
    for (const row of rows) {
      for (let i = 0; i + 1 < row.length; i++) {
        const entry = counts.get(`${row[i]} ${row[i + 1]}`) ?? { left: row[i], right: row[i + 1], count: 0 };
        entry.count++;
        counts.set(`${row[i]} ${row[i + 1]}`, entry);
      }
    }
    // These texts contain letters and spaces; in Hugging Face's byte order, the space comes after the
    // letters.
    const rank = (id: number) => id === 32 ? 255.5 : id;
    const best = [...counts.values()].reduce((a, b) => {
      if (a.count !== b.count) return a.count > b.count ? a : b;
      if (tieBreak === "first-seen") return a;
      if (tieBreak === "smallest-id") {
        return (rank(a.left) - rank(b.left) || rank(a.right) - rank(b.right)) < 0 ? a : b;
      }
      const [x, y] = [[tokens[a.left], tokens[a.right]], [tokens[b.left], tokens[b.right]]];
      return (x[0] === y[0] ? x[1] > y[1] : x[0] > y[0]) ? a : b;
    });
    const id = tokens.push(tokens[best.left] + tokens[best.right]) - 1;
    learned.push([best.left, best.right]);
    for (const row of rows) {
      for (let i = 0; i + 1 < row.length; i++) {
        if (row[i] === best.left && row[i + 1] === best.right) row.splice(i, 2, id);
      }
    }
  }
  return learned;
}

async function sha256(text: string): Promise<string> {
  return new Uint8Array(await crypto.subtle.digest("SHA-256", new TextEncoder().encode(text))).toHex();
}
