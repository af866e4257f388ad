/**
 * Puts the commands that the program prints into the words in which they can be typed here. Messages say
 * `deno task pipeline`, which works in the clone where Deno is installed; from another folder the task needs
 * `--config`, and where only Node is, `npx` runs Deno.
 *
 * @module
 */
import type { Console } from "../../stages/run/console.ts";
import { shellWord } from "./shell_word.ts";

/** The tasks that run pipelines. */
export type TaskName = "pipeline" | "native" | "fast" | "dawn";

/** Returns the task that gives a process these abilities. */
export function taskName(
  { ffi, boundsChecks, dawn }: {
    readonly ffi: boolean;
    readonly boundsChecks: boolean;
    readonly dawn: boolean;
  },
): TaskName {
  return dawn ? "dawn" : ffi ? "native" : boundsChecks ? "pipeline" : "fast";
}

/** How this process was started. */
export interface Start {
  /** Path of the Deno program. */
  readonly execPath: string;
  /** Version of Deno. */
  readonly version: string;
  /** The current folder. */
  readonly cwd: string;
  /** The folder of the clone. */
  readonly root: string;
}

/** Returns the words that stand for `deno task`: `npx -y deno@2.9.6 task --config /clone/deno.json`. */
export function typedTask({ execPath, version, cwd, root }: Start): string {
  const [here, clone, program] = [cwd, root, execPath].map((path) =>
    path.replaceAll("\\", "/").replace(/\/$/, "")
  );
  const deno = program.includes("/_npx/") ? `npx -y deno@${version}` : "deno";
  const inside = here === clone || here.startsWith(`${clone}/`);
  return `${deno} task${inside ? "" : ` --config ${shellWord(`${clone}/deno.json`)}`}`;
}

/**
 * Returns a console whose messages have `task` in place of `deno task` where they name a command of this
 * program, and `name` in place of `pipeline`: a run is resumed by the task that started it. What `out` writes
 * stays as it is, because it may be data: generated text, or events as JSON.
 */
export function typedConsole(console: Console, task: string, name: TaskName = "pipeline"): Console {
  const retype = (text: string): string =>
    text.replaceAll(
      /\bdeno task (pipeline|native|fast|dawn)\b(?! …)/g,
      (_, named) => `${task} ${named === "pipeline" ? name : named}`,
    );
  return { ...console, err: (line) => console.err(retype(line)), retype };
}
