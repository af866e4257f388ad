/**
 * Training runs of two processes on two nodes, for measurements: `deno task native train` between network
 * namespaces. Linux only, as root, with the Debian packages openmpi-bin and iproute2.
 *
 * @module
 */
import { bytesOfTokens } from "../../stages/format/tokens/token_file.ts";
import { pathOfUrl } from "../../stages/disk/paths.ts";

const config = pathOfUrl(new URL("../../deno.json", import.meta.url));
const WARM_UP = 3; // steps that also compile code and connect

/**
 * Writes bytes of text to train on, the last tenth of them to evaluate, or numbers without a meaning; returns
 * the options that name them.
 */
export async function writeTokens(folder: string, text?: Uint8Array): Promise<readonly string[]> {
  const ids = text === undefined
    ? Uint32Array.from({ length: 200_000 }, (_, i) => (i * i + 13 * (i >> 3)) % 251)
    : Uint32Array.from(text);
  const end = text === undefined ? ids.length : Math.floor(0.9 * ids.length);
  await Deno.writeFile(`${folder}/train.bin`, bytesOfTokens(ids.subarray(0, end), 2));
  const options = [
    "--train-shards",
    `${folder}/train.bin`,
    "--shard-format",
    "nanogpt",
    "--vocab-size",
    "257",
  ];
  if (text === undefined) return [...options, "--eval-every", "0"];
  await Deno.writeFile(`${folder}/val.bin`, bytesOfTokens(ids.subarray(end), 2));
  return [...options, "--val-shards", `${folder}/val.bin`, "--eval-every", "100000"];
}

/** What a run took. */
export interface RunCost {
  /** Mean seconds from one step to the next, after the first steps. */
  readonly step: number;
  /** Loss of the last step. */
  readonly loss: number;
  /** Loss of the held-out text in the end; undefined if there is none. */
  readonly valLoss: number | undefined;
}

/** Runs a number of steps to their end; `start` are the words that start its processes. */
export async function trained(
  args: readonly string[],
  { start = [], out, steps }: {
    readonly start?: readonly string[];
    readonly out: string;
    readonly steps: number;
  },
): Promise<RunCost> {
  const several = start.length > 0 ? ["--distributed", "mpi"] : [];
  const own = ["--steps", `${steps}`, "--checkpoint-every", "0", "--log-every", "1"];
  const [program, ...rest] = [
    ...start,
    Deno.execPath(),
    ...[
      "task",
      "--quiet",
      "--config",
      config,
      "native",
      "train",
      "--quiet",
      "--device",
      "cpu",
      "--blas",
      "off",
    ],
    ...several,
    ...args,
    ...own,
    ...["--sample-every", "0", "--out", out],
  ];
  const command = new Deno.Command(program, { args: rest, stdin: "null", stdout: "null", stderr: "piped" });
  const { success, stderr } = await command.output();
  if (!success) throw new Error(`${rest.join(" ")} failed:\n${new TextDecoder().decode(stderr)}`);
  const events: { type: string; elapsed: number; loss: number; valLoss?: number }[] =
    (await Deno.readTextFile(`${out}/metrics.jsonl`)).trim().split("\n").map((line) => JSON.parse(line));
  const lines = events.filter(({ type }) => type === "step"), last = lines.at(-1)!;
  const measured = lines.slice(WARM_UP);
  return {
    step: (last.elapsed - measured[0].elapsed) / (measured.length - 1),
    loss: last.loss,
    valLoss: events.findLast(({ type }) => type === "eval")?.valLoss,
  };
}
