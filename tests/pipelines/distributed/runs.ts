/**
 * Small runs of the pipeline `train` in one process and in several.
 *
 * @module
 */
import { pathOfUrl } from "../../../stages/disk/paths.ts";
import { deadlined } from "../../kernels/dist/run_ranks.ts";

const tokens = 20_000; // of a byte tokenizer, in one shard

/** Options of a run of six steps whose micro-batches have 128 tokens. */
export const smallRun: readonly string[] =
  "--layers 2 --heads 2 --channels 32 --seq-len 32 --batch-size 4 --steps 6 --warmup 1 --dropout 0.1 --vocab-size 257 --checkpoint-every 3 --device cpu --workers 1 --quiet"
    .split(" ");

/** Options that evaluate such a run. */
export const evaluated: readonly string[] = ["--eval-every", "3", "--eval-batches", "1"];

/** Writes two shards to a folder and returns the options that name them. */
export async function writeShards(folder: string): Promise<readonly string[]> {
  await Deno.mkdir(folder, { recursive: true });
  for (const [name, count] of [["train", tokens], ["val", 2000]] as const) {
    const header = new Int32Array(256);
    header.set([20240520, 1, count]);
    const ids = Uint16Array.from({ length: count }, (_, i) => (i * i + 13 * (i >> 3)) % 256);
    await Deno.writeFile(
      `${folder}/${name}.bin`,
      new Uint8Array([...new Uint8Array(header.buffer), ...new Uint8Array(ids.buffer)]),
    );
  }
  return ["--train-shards", `${folder}/train.bin`, "--val-shards", `${folder}/val.bin`];
}

/** Returns the words that run `train` under the task `native`, after those that start processes. */
export function trainCommand(args: readonly string[], start: readonly string[] = []): readonly string[] {
  return taskCommand(["train", ...args], { start });
}

/** Returns the words that run a pipeline under a task, after those that start processes. */
export function taskCommand(
  args: readonly string[],
  { start = [], task = "native" }: {
    readonly start?: readonly string[];
    readonly task?: "native" | "dawn";
  } = {},
): readonly string[] {
  const config = pathOfUrl(new URL("../../../deno.json", import.meta.url));
  const distributed = start.length > 0 ? ["--distributed", "mpi"] : [];
  return [...start, Deno.execPath(), "task", "--quiet", "--config", config, task, ...args, ...distributed];
}

/** Runs `train`; throws with all its output unless the exit code is 0. */
export async function trains(args: readonly string[], start: readonly string[] = []): Promise<void> {
  await runsNative(["train", ...args], start);
}

/** Runs a pipeline; throws with all its output unless the exit code is 0. */
export async function runsNative(args: readonly string[], start: readonly string[] = []): Promise<void> {
  const { code, out, err } = await deadlined(taskCommand(args, { start }));
  if (code !== 0) throw new Error(`${args.join(" ")} ended with ${code}:\n${out}\n${err}`);
}

/** What a run has computed: SHA-256 of weights and optimizer state, and all losses. */
export interface RunBits {
  readonly weights: string;
  readonly optimizer: string;
  readonly losses: readonly number[];
}

/** Returns what the run in a folder has computed, at its newest checkpoint. */
export async function bitsOf(out: string): Promise<RunBits> {
  const latest = `${out}/checkpoints/${(await Deno.readTextFile(`${out}/checkpoints/latest`)).trim()}`;
  const hash = async (file: string) =>
    new Uint8Array(await crypto.subtle.digest("SHA-256", await Deno.readFile(`${latest}/${file}`))).toHex();
  const lines = (await Deno.readTextFile(`${out}/metrics.jsonl`)).trim().split("\n");
  const events: { type: string; loss?: number; gradNorm?: number; valLoss?: number }[] = lines.map((line) =>
    JSON.parse(line)
  );
  return {
    weights: await hash("model.safetensors"),
    optimizer: await hash("optimizer.safetensors"),
    losses: events.flatMap(({ type, loss, gradNorm, valLoss }) =>
      [type === "step" ? [loss, gradNorm] : type === "eval" ? [valLoss] : []].flat().filter((x) =>
        x !== undefined
      )
    ),
  };
}
