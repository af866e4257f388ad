/**
 * Token files for tests. Their ids are consecutive numbers, so that each id shows its position.
 *
 * @module
 */
import { shardHeader } from "../../../stages/format/tokens/llmc_shard.ts";
import { bytesOfTokens } from "../../../stages/format/tokens/token_file.ts";

/** Calls `work` with a folder of two llm.c shards of 50 and 23 tokens, and a nanoGPT file of 20 tokens. */
export async function withShards(work: (dir: string) => Promise<void> | void): Promise<void> {
  const dir = await Deno.makeTempDir();
  try {
    let next = 0;
    const take = (length: number) => Uint32Array.from({ length }, () => next++);
    for (const [i, length] of [50, 23].entries()) {
      const parts = [shardHeader(length, 2), bytesOfTokens(take(length), 2)];
      await Deno.writeFile(`${dir}/train_00000${i}.bin`, await new Blob(parts).bytes());
    }
    await Deno.writeFile(`${dir}/raw.bin`, bytesOfTokens(take(20), 2));
    await work(dir);
  } finally {
    await Deno.remove(dir, { recursive: true });
  }
}
