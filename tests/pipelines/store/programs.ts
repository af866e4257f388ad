/**
 * Runs pipelines as they are typed, with the permissions of `deno task pipeline` and no other variables than
 * those of an object store.
 *
 * @module
 */
import { denoBeforeDeadline } from "../../deadline.ts";
import type { TestStore } from "../../object_store.ts";
import { root } from "../../package/script.ts";
import config from "../../../deno.json" with { type: "json" };

/** What a command printed. */
export interface Printed {
  readonly code: number;
  readonly out: string;
  readonly err: string;
}

/** Where a command is typed, and the store that it uses. */
export interface Typed {
  readonly cwd: string;
  readonly store: Pick<TestStore, "env">;
}

/** Runs a pipeline with these words. Kills it after three minutes. */
export async function typed(words: string, { cwd, store }: Typed): Promise<Printed> {
  const options = { ...command(words, { cwd, store }), stdin: "null" } as const;
  const { code, stdout, stderr } = await denoBeforeDeadline(options, 180_000);
  const text = new TextDecoder();
  return { code, out: text.decode(stdout), err: text.decode(stderr) };
}

/** Starts a pipeline with these words; the process is killed after three minutes. */
export function started(words: string, where: Typed): Deno.ChildProcess {
  return new Deno.Command(Deno.execPath(), {
    ...command(words, where),
    stdin: "null",
    stdout: "piped",
    stderr: "piped",
    signal: AbortSignal.timeout(180_000),
  }).spawn();
}

/** The task's own command, without the shell around it: a process that is killed is then the run itself. */
function command(words: string, { cwd, store }: Typed): Deno.CommandOptions & { readonly args: string[] } {
  const task = config.tasks.pipeline.command;
  const flags = task.slice(task.indexOf("deno run") + "deno ".length).replaceAll('"', "").replaceAll(
    "$ROOT",
    root,
  );
  const kept = Object.entries(Deno.env.toObject()).filter(([name]) => !name.startsWith("AWS_"));
  return {
    args: [...flags.split(" "), ...words.split(" ")],
    cwd,
    clearEnv: true,
    env: { ...Object.fromEntries(kept), ...store.env },
  };
}
