/**
 * Runs commands of several processes, with a deadline.
 *
 * @module
 */
import { beforeDeadline } from "../../deadline.ts";

/** Runs a command to its end; kills it and throws if it takes more than `seconds`, by default two minutes. */
export async function deadlined(
  [program, ...args]: readonly string[],
  { seconds = 120, ...options }: Pick<Deno.CommandOptions, "cwd" | "env"> & { readonly seconds?: number } =
    {},
): Promise<{ readonly code: number; readonly out: string; readonly err: string }> {
  const child = new Deno.Command(program, {
    args,
    stdin: "null",
    stdout: "piped",
    stderr: "piped",
    ...options,
    env: { NO_COLOR: "1", ...options.env },
  }).spawn();
  try {
    const { code, stdout, stderr } = await beforeDeadline(child.output(), 1000 * seconds);
    const text = new TextDecoder();
    return { code, out: text.decode(stdout), err: text.decode(stderr) };
  } catch (error) {
    child.kill("SIGKILL");
    throw error;
  }
}

/** Runs ranks_script.ts by a command that starts processes on nodes; returns the hashes that they print. */
export async function hashesOf(start: readonly string[], nodes = 1): Promise<readonly string[]> {
  const script = new URL("./ranks_script.ts", import.meta.url).href;
  const { code, out, err } = await deadlined([
    ...start,
    Deno.execPath(),
    "run",
    "--quiet",
    "--allow-all",
    script,
    `${nodes}`,
  ]);
  if (code !== 0) throw new Error(`ended with ${code}:\n${out}\n${err}`);
  return [...out.matchAll(/^rank \d+ of \d+: ([0-9a-f]{64})$/gm)].map(([, hash]) => hash);
}
