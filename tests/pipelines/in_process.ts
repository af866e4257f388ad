/**
 * Runs pipelines in this process: faster than starting the program, for tests of what a run computes.
 *
 * @module
 */
import { runMain } from "../../pipelines/cli/main.ts";
import { shardHeader } from "../../stages/format/tokens/llmc_shard.ts";
import { bytesOfTokens } from "../../stages/format/tokens/token_file.ts";
import { type Finished, withFolder } from "./program.ts";

const folder = new URL("../../pipelines/", import.meta.url);

/** Runs `deno task pipeline …`. Progress is not part of `err`, only errors and what follows a run. */
export async function runHere(args: readonly string[]): Promise<Finished> {
  let out = "", err = "";
  const code = await runMain({
    args,
    folder,
    command: "deno task pipeline",
    console: {
      out: (text) => void (out += text),
      err: (line) => void (err += `${line}\n`),
      columns: 100,
      outIsTerminal: false,
      errIsTerminal: false,
      colors: false,
    },
  });
  return { code, out, err };
}

/** Runs a pipeline; throws with all its output unless the exit code is `code`. */
export async function runsHere(code: number, line: string): Promise<Finished> {
  const finished = await runHere(line.split(" ").filter((word) => word !== ""));
  if (finished.code === code) return finished;
  throw new Error(`${line}\nended with ${finished.code}, wanted ${code}:\n${finished.out}\n${finished.err}`);
}

/** A model so small that a step takes less than a millisecond, without evaluations and samples. */
export const minute =
  "--preset finetune --vocab-size 257 --layers 1 --heads 2 --channels 16 --seq-len 16 --device cpu --workers 1 --warmup 0 --eval-every 0 --sample-every 0 --quiet";

/** For dry runs of a new run: the checkout may hold one already, such as that of README's first command. */
export const unused = "--out runs/unused";

/** Number of the shard's tokens that `withShard` writes. */
export const shardTokens = 64 * 140 + 1;

/** Calls `work` with a folder that contains the shard train.bin. */
export async function withShard(work: (dir: string) => Promise<void>): Promise<void> {
  await withFolder(async (dir) => {
    const ids = Uint32Array.from({ length: shardTokens }, (_, i) => (i * i + 3 * i) % 101);
    await Deno.writeFile(
      `${dir}/train.bin`,
      await new Blob([shardHeader(ids.length, 2), bytesOfTokens(ids, 2)]).bytes(),
    );
    await work(dir);
  });
}
