/**
 * Runs Deno under the V8 flags of `deno task fast`.
 *
 * @module
 */
import { pathOfUrl } from "../../../../stages/disk/paths.ts";

/** The project's folder. */
export const root = new URL("../../../../", import.meta.url);
/** The tasks of deno.json. */
export const { tasks } = JSON.parse(await Deno.readTextFile(new URL("deno.json", root)));
/** The flags of `deno task fast`, which let V8 join two 128-bit vector instructions into a 256-bit one. */
export const flags: string = /--v8-flags=\S+/.exec(tasks.fast.command)?.[0] ?? "none";

/**
 * The same flags, and one that makes V8 optimize code from its first call. Only the optimizing compiler joins
 * vector instructions, and without this flag a test would end before that compiler starts.
 */
export const optimized: string = `${flags},--no-liftoff`;

/** Runs Deno in the project's folder. */
export async function deno(args: readonly string[]): Promise<{ code: number; out: string; err: string }> {
  const command = new Deno.Command(Deno.execPath(), {
    args: [...args],
    cwd: pathOfUrl(root),
  });
  const { code, stdout, stderr } = await command.output();
  const [out, err] = [stdout, stderr].map((bytes) => new TextDecoder().decode(bytes));
  return { code, out, err };
}
