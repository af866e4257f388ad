/**
 * The doctor's search for the longest submit that gives the right result.
 *
 * @module
 */
import { pathOfUrl } from "../../stages/disk/paths.ts";
import type { DoctorReport } from "./report.ts";

/** Finds the longest submit that gives the right result, in a process that a lost GPU may end. */
export async function longestSubmit(
  gflops: number,
  { dawn, lengths }: { readonly dawn: boolean; readonly lengths: readonly number[] },
): Promise<DoctorReport["submit"]> {
  const root = new URL("../../", import.meta.url);
  const path = (name: string) => pathOfUrl(new URL(name, root));
  const { success, stdout, stderr } = await new Deno.Command(Deno.execPath(), {
    args: ["run", "--quiet", "--no-prompt", `--lock=${path("deno.lock")}`, "--frozen", "--allow-read"]
      .concat(dawn ? ["--allow-ffi", `--preload=${path("pipelines/doctor/dawn.ts")}`] : [])
      .concat(path("pipelines/doctor/submit_probe.ts"), `${gflops}`, lengths.map(String)),
  }).output();
  const text = new TextDecoder(), passed = text.decode(stdout).trim().split("\n").filter(Boolean).map(Number);
  const message = /(?:error: |panicked)[^\n]*/.exec(text.decode(stderr))?.[0] ?? "the process ended";
  return { seconds: Math.max(0, ...passed), failed: success ? null : message };
}
