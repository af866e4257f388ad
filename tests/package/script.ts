/**
 * Runs scripts that use the package, each in a process of its own with a deadline.
 *
 * @module
 */
import { pathOfUrl } from "../../stages/disk/paths.ts";

/** Path of the project, with a slash at its end. */
export const root: string = pathOfUrl(new URL("../../", import.meta.url));

/** Exit code and output of a script. */
export type Finished = Readonly<{ code: number; out: string; err: string }>;

/** How a script is run. */
export interface ScriptOptions {
  /** Working directory; default: the project. */
  readonly cwd?: string;
  /** Further environment variables. */
  readonly env?: Readonly<Record<string, string>>;
}

/** Runs `deno run` with these arguments. Throws if the script has not ended after two minutes. */
export function runScript(args: readonly string[], options: ScriptOptions = {}): Promise<Finished> {
  return runDeno(["run", "--quiet", ...args], options);
}

/** Runs `deno` with these arguments. Throws if it has not ended after two minutes. */
export async function runDeno(
  args: readonly string[],
  { cwd = root, env = {} }: ScriptOptions = {},
): Promise<Finished> {
  const signal = AbortSignal.timeout(120_000);
  const { code, stdout, stderr } = await new Deno.Command(Deno.execPath(), {
    args: [...args],
    cwd,
    env: { NO_COLOR: "1", ...env },
    stdin: "null",
    signal,
  }).output();
  const text = new TextDecoder(), out = text.decode(stdout), err = text.decode(stderr);
  if (signal.aborted) {
    throw new Error(`deno ${args.join(" ")} did not end within two minutes:\n${out}\n${err}`);
  }
  return { code, out, err };
}

/** The losses that `train_tiny.ts` prints. Throws with the script's output if it failed. */
export function losses(finished: Finished): readonly number[] {
  return printed<readonly number[]>(finished);
}

/** Returns the value that a script prints as JSON. Throws with the script's output if it failed. */
export function printed<T>({ code, out, err }: Finished): T {
  if (code !== 0) throw new Error(`The script ended with ${code}:\n${out}\n${err}`);
  return JSON.parse(out);
}
