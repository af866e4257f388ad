/**
 * `deno task supervise [TASK] NAME …`: runs a pipeline in a process of its own and starts it again from its
 * checkpoint if that process dies, for example because the driver has reset the GPU and Deno has panicked.
 * The process is `deno task pipeline`, or TASK, so it has only that task's permissions.
 *
 * @module
 */
import { pathOfUrl } from "../../../stages/disk/paths.ts";
import { afterRestart, type SupervisedCommand, supervisedCommand } from "./supervised_command.ts";
import { beganIn, failureIn, folderOf, newestCheckpoint } from "./supervised_run.ts";

/** Exit codes after which a run is not started again: done, wrong command line or input, interrupted. */
const FINAL = [0, 2, 130];
/** Time in milliseconds before a run is started again, in which the driver can reset the GPU. */
const PAUSE = 2000;

/** How `supervise` runs a pipeline. */
export interface Supervision {
  /** Runs the pipeline to its end; returns its exit code. */
  run(): Promise<number>;
  /** Returns what tells the newest checkpoints, or null if there is none. */
  checkpoint(): Promise<string | null>;
  /**
   * Returns the error that the run has recorded and the step after which it came, or null if it has recorded
   * none, as when its process died.
   */
  failure(): Promise<string | null>;
  /** Waits before a restart. */
  pause(): Promise<void>;
  /** Number of restarts in a row without a new checkpoint. */
  readonly restarts: number;
  /** Reports a restart. */
  say(text: string): void;
}

/**
 * Runs a pipeline until it ends, and returns its last exit code. A run that records the same error after the
 * same step as before is not started again, unless it has lost the GPU.
 */
export async function supervise(
  { run, checkpoint, failure, pause, restarts, say }: Supervision,
): Promise<number> {
  let without = 0, before = await checkpoint(), last: string | null = null;
  for (;;) {
    const code = await run();
    if (FINAL.includes(code)) return code;
    const newest = await checkpoint(), failed = await failure();
    without = newest === before ? without + 1 : 1;
    if (failed !== null && failed === last && newest === before && !failed.includes("Lost the device")) {
      say(`The run failed again in the same way, so it is not started again: ${failed}`);
      return code;
    }
    before = newest;
    last = failed;
    if (without > restarts) {
      say(`The run ended with code ${code} again, after ${restarts} restarts without a new checkpoint`);
      return code;
    }
    say(
      `The run ended with code ${code}: starting again from ${newest ?? "the beginning"}, ` +
        `restart ${without} of ${restarts} without a new checkpoint`,
    );
    await pause();
  }
}

async function main(): Promise<number> {
  let command: SupervisedCommand;
  try {
    command = supervisedCommand(Deno.args);
  } catch (error) {
    console.error(`error: ${error instanceof Error ? error.message : error}`);
    return 2;
  }
  const { task, restarts } = command, folder = await folderOf(command);
  const config = pathOfUrl(new URL("../../../deno.json", import.meta.url));
  const first = { config: await beganIn(folder), checkpoint: await newestCheckpoint(folder) };
  let { args } = command;
  let running: Deno.ChildProcess | null = null;
  // The terminal interrupts the run, which then ends by itself. Other signals reach this process alone.
  Deno.addSignalListener("SIGINT", () => {});
  for (const signal of Deno.build.os === "windows" ? [] : ["SIGTERM", "SIGHUP"] as const) {
    Deno.addSignalListener(signal, () => running?.kill(signal));
  }
  return await supervise({
    restarts,
    run: async () => {
      running = new Deno.Command(Deno.execPath(), {
        args: ["task", "--quiet", "--config", config, task, ...args],
      }).spawn();
      const { code } = await running.status;
      running = null;
      const began = await beganIn(folder) !== first.config;
      args = afterRestart(command, {
        folder,
        began,
        wrote: await newestCheckpoint(folder) !== first.checkpoint,
      });
      return code;
    },
    checkpoint: () => newestCheckpoint(folder),
    failure: () => failureIn(folder),
    pause: () => new Promise((resolve) => setTimeout(resolve, PAUSE)),
    say: (text) => console.error(text),
  });
}

if (import.meta.main) Deno.exit(await main());
