/**
 * `--distributed mpi`: several processes that `mpirun` or `srun` has started with the same command line work
 * on one run. Rank 0 reads the command line and does all that a single process does; the others only compute
 * what it tells them to.
 *
 * @module
 */
import type { Ranks } from "../../kernels/dist/ranks.ts";
import { openEngine } from "../../kernels/engine/open.ts";
import { follow } from "../../kernels/engine/ranks/follow.ts";
import { Leader } from "../../kernels/engine/ranks/leader.ts";
import { ops } from "../../kernels/ops/list.ts";
import { distributedOptions } from "./distributed_options.ts";
import { onStopSignals } from "../../stages/run/signals.ts";

/**
 * Runs the program in all processes. `main` is called in one of them, with its conversation with the others
 * if there are any; it returns the exit code. The processes end together: if one fails, all end with an exit
 * code other than 0.
 */
export async function runDistributed(
  args: readonly string[],
  main: (leader: Leader | null) => Promise<number>,
): Promise<number> {
  if (valueOf(args, "distributed") !== "mpi") return await main(null);
  let ranks: Ranks;
  try {
    const { openMpi } = await import("../../kernels/dist/mpi.ts");
    ranks = await openMpi(timeoutOf(valueOf(args, "distributed-timeout")));
  } catch (error) {
    console.error(`error: ${error instanceof Error ? error.message : error}`);
    return 2;
  }
  if (ranks.rank > 0) return await followRank0(ranks);
  const leader = new Leader(ranks), code = await main(leader);
  if (code === 1) return await ranks.abort(1);
  await leader.end();
  return code;
}

/** Returns the timeout that is typed, or the default if it is wrong, which rank 0 will say. */
function timeoutOf(typed: string | undefined): { readonly timeout?: number } {
  try {
    return typed === undefined ? {} : { timeout: distributedOptions.distributedTimeout.parse(typed) };
  } catch {
    return {};
  }
}

/** Returns the number of threads of a process if its machine's cores are divided among its ranks. */
export function threadsOf({ local }: Ranks): number {
  return Math.max(1, Math.floor(navigator.hardwareConcurrency / local.size));
}

async function followRank0(ranks: Ranks): Promise<number> {
  let stops = false;
  using _signals = onStopSignals(() => stops = true); // rank 0 hears of it with the next sum
  try {
    await follow(ranks, {
      ops,
      isStopping: () => stops,
      async openEngine({ device, ...options }) {
        const { engine } = await openEngine(device, { threads: threadsOf(ranks), ...options });
        return engine;
      },
    });
  } catch (error) {
    console.error(`rank ${ranks.rank}:`, error);
    return await ranks.abort(1);
  }
  return 0;
}

/** Returns the last value of an option on a command line that has not been read yet. */
function valueOf(args: readonly string[], name: string): string | undefined {
  const at = args.findLastIndex((arg) => arg === `--${name}` || arg.startsWith(`--${name}=`));
  if (at < 0) return undefined;
  return args[at].includes("=") ? args[at].slice(args[at].indexOf("=") + 1) : args[at + 1];
}
