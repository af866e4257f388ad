/**
 * Says whether the npm registry can be reached, for tests that fetch packages.
 *
 * @module
 */
import { withFolder } from "./temporary.ts";

const PATIENCE = 20_000; // milliseconds that the registry's answer may take

/** Fetches one small package without a cache; returns why that failed, or null if the registry answers. */
export async function registryFailure(): Promise<string | null> {
  let reached = false;
  await withFolder(async (folder) => {
    const { success } = await new Deno.Command(Deno.execPath(), {
      args: ["cache", "--no-config", "--no-lock", "npm:picomatch@4.0.3"],
      cwd: folder,
      env: { DENO_DIR: `${folder}/cache` },
      stdin: "null",
      stdout: "null",
      stderr: "null",
      signal: AbortSignal.timeout(PATIENCE),
    }).output();
    reached = success;
  });
  return reached ? null : "the npm registry cannot be reached";
}
