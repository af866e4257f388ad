/**
 * Runs pipelines as they are typed, with the permissions of `deno task pipeline` and no other variables than
 * those of an object store.
 *
 * @module
 */
import { denoBeforeDeadline } from "../../deadline.ts";
import type { TestStore } from "../../object_store.ts";
import { root } from "../../package/script.ts";

/** What a command printed. */
export interface Printed {
  readonly code: number;
  readonly out: string;
  readonly err: string;
}

/** Runs `deno task pipeline` with these words in `cwd`. Kills it after three minutes. */
export async function typed(
  words: string,
  { cwd, store }: { readonly cwd: string; readonly store: Pick<TestStore, "env"> },
): Promise<Printed> {
  const { code, stdout, stderr } = await denoBeforeDeadline({
    ...command(words, { store }),
    cwd,
    stdin: "null",
  }, 180_000);
  const text = new TextDecoder();
  return { code, out: text.decode(stdout), err: text.decode(stderr) };
}

/** The arguments and variables of such a command. */
export function command(
  words: string,
  { store }: { readonly store: Pick<TestStore, "env"> },
): { readonly args: string[]; readonly clearEnv: true; readonly env: Record<string, string> } {
  const kept = Object.entries(Deno.env.toObject()).filter(([name]) =>
    !name.startsWith("AWS_") && name !== "INIT_CWD"
  );
  return {
    args: ["task", "--quiet", "--config", `${root}/deno.json`, "pipeline", ...words.split(" ")],
    clearEnv: true,
    env: { ...Object.fromEntries(kept), ...store.env },
  };
}
