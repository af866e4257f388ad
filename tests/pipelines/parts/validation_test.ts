import { deepStrictEqual, strictEqual } from "node:assert/strict";
import { openValidation } from "../../../pipelines/parts/validation.ts";
import { wholeFiles } from "../../../stages/shard/shard_tokens.ts";
import { shardHeader } from "../../../stages/format/tokens/llmc_shard.ts";
import { bytesOfTokens } from "../../../stages/format/tokens/token_file.ts";
import { withFolder } from "../../temporary.ts";

/** Writes shards of consecutive numbers modulo 60,000, and prepares validation on them. */
async function openNumbers(dir: string, counts: readonly number[]) {
  let next = 0;
  const validation: string[] = [];
  for (const [i, count] of counts.entries()) {
    const ids = Uint32Array.from({ length: count }, () => next++ % 60_000);
    validation.push(`${dir}/val_${i}.bin`);
    await Deno.writeFile(validation[i], shardHeader(count, 2));
    await Deno.writeFile(validation[i], bytesOfTokens(ids, 2), { append: true });
  }
  const inputs = {
    training: () => wholeFiles(validation),
    counted: 70_000,
    vocabSize: 60_000,
    tokenizer: null,
  };
  return await openValidation({ ...inputs, validation });
}

Deno.test("openValidation() reads all tokens once, and counts as many training tokens as asked for", () =>
  withFolder(async (dir) => {
    const { validation, trainingCounts } = await openNumbers(dir, [50_000, 7, 30_000]);
    const tokens = await validation();
    deepStrictEqual([...tokens], Array.from({ length: 80_007 }, (_, i) => i % 60_000));
    strictEqual(await validation(), tokens);
    const counts = await trainingCounts?.() ?? [];
    deepStrictEqual([counts[0], counts[9_999], counts[10_000]], [2, 2, 1]);
  }));

Deno.test("openValidation() takes blocks from all shards if they have more than 16 Mi tokens", () =>
  withFolder(async (dir) => {
    const counts = [9_000_000, 9_000_001, 100, 9_000_000], total = counts.reduce((a, b) => a + b);
    const { validation } = await openNumbers(dir, counts), tokens = await validation();
    strictEqual(tokens.length, 1 << 24);
    const block = 1 << 16, blocks = tokens.length / block;
    for (let i = 0; i < blocks; i++) {
      const start = Math.round(i * (total - block) / (blocks - 1));
      for (const at of [0, 1, block - 1]) {
        strictEqual(tokens[i * block + at], (start + at) % 60_000, `block ${i}`);
      }
    }
  }));
