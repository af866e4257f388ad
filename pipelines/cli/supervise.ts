/**
 * `deno task supervise NAME …`: runs a pipeline in a process of its own and starts it again from its
 * checkpoint if that process dies, for example because the driver has reset the GPU and Deno has panicked.
 * The process is `deno task pipeline`, so it has only that task's permissions.
 *
 * @module
 */
import { readText } from "../../stages/disk/files.ts";
import { pathOfUrl } from "../../stages/disk/paths.ts";

/** Exit codes after which a run is not started again: done, wrong command line, interrupted. */
const FINAL = [0, 2, 130];
/** Time in milliseconds before a run is started again, in which the driver can reset the GPU. */
const PAUSE = 2000;

/** How `supervise` runs a pipeline. */
export interface Supervision {
  /** Runs the pipeline to its end; returns its exit code. */
  run(): Promise<number>;
  /** Returns the name of the newest checkpoint, or null if there is none. */
  checkpoint(): Promise<string | null>;
  /** Waits before a restart. */
  pause(): Promise<void>;
  /** Number of restarts in a row without a new checkpoint. */
  readonly restarts: number;
  /** Reports a restart. */
  say(text: string): void;
}

/** Runs a pipeline until it ends, and returns its last exit code. */
export async function supervise(
  { run, checkpoint, pause, restarts, say }: Supervision,
): Promise<number> {
  let without = 0, before = await checkpoint();
  for (;;) {
    const code = await run();
    if (FINAL.includes(code)) return code;
    const newest = await checkpoint();
    without = newest === before ? without + 1 : 1;
    before = newest;
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

/** Arguments of the pipeline, and those of the supervision. */
export interface SupervisedCommand {
  /** Arguments of `deno task pipeline`. */
  readonly args: readonly string[];
  /** Value of `--restarts`. */
  readonly restarts: number;
  /** Folder of the run. */
  readonly out: string;
}

/** Reads the command line. Throws TypeError for a wrong `--restarts` or if no pipeline is named. */
export function supervisedCommand(typed: readonly string[]): SupervisedCommand {
  const args: string[] = [];
  let restarts = "3", out: string | undefined;
  for (let i = 0; i < typed.length; i++) {
    const [option, value = typed[i + 1]] = typed[i].split(/=(.*)/s);
    if (option === "--restarts") {
      restarts = value ?? "";
      if (!typed[i].includes("=")) i++;
      continue;
    }
    if (option === "--out") out = value;
    args.push(typed[i]);
  }
  if (!/^\d+$/.test(restarts)) {
    throw new TypeError(`Expected a whole number after --restarts, got ${restarts || "nothing"}`);
  }
  const [name] = args;
  if (name === undefined || name.startsWith("-")) {
    throw new TypeError("Expected the name of a pipeline and its options, such as train --steps 100");
  }
  const base = name.replace(/^.*[\\/]/, "").replace(/\.ts$/, "");
  return { args, restarts: Number(restarts), out: out ?? `runs/${base}` };
}

if (import.meta.main) {
  let command: SupervisedCommand;
  try {
    command = supervisedCommand(Deno.args);
  } catch (error) {
    console.error(`error: ${error instanceof Error ? error.message : error}`);
    Deno.exit(2);
  }
  const { args, restarts, out } = command;
  const config = pathOfUrl(new URL("../../deno.json", import.meta.url));
  Deno.addSignalListener("SIGINT", () => {}); // the terminal interrupts the run, which then ends by itself
  Deno.exit(
    await supervise({
      restarts,
      run: async () => {
        const child = new Deno.Command(Deno.execPath(), {
          args: ["task", "--quiet", "--config", config, "pipeline", ...args],
        }).spawn();
        return (await child.status).code;
      },
      checkpoint: () => readText(`${out}/checkpoints/latest`).then((text) => text.trim(), () => null),
      pause: () => new Promise((resolve) => setTimeout(resolve, PAUSE)),
      say: (text) => console.error(text),
    }),
  );
}
