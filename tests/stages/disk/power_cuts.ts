/**
 * Cuts the power at every call of some work.
 *
 * @module
 */
import { deepStrictEqual, ok } from "node:assert/strict";
import { beforeDeadline } from "../../deadline.ts";
import { MemoryCheckpoints } from "../../../stages/flow/checkpoint/memory_checkpoints.ts";
import { CrashDisk, type Loss, losses, withoutSyncs } from "./crash_disk.ts";

/**
 * Calls `work` with the power cut at each call in turn, then `check` for the state in which everything is
 * lost that was not synced, and for one other that a power cut may leave, or for all with `all`. `check` is
 * also called after all of the work, when everything that was not synced is lost. Returns the number of
 * calls.
 */
export async function atEveryCall(
  work: (dir: string) => Promise<void>,
  check: (dir: string, whole: boolean) => Promise<void>,
  { all = false }: { readonly all?: boolean } = {},
): Promise<number> {
  for (let n = 1;; n++) {
    for (const loss of all ? losses : ["all lost", losses[1 + n % (losses.length - 1)]] as const) {
      const dir = await Deno.makeTempDir();
      try {
        const cut = await cutAt(n, { dir, loss, work });
        using _quick = withoutSyncs();
        await beforeDeadline(check(dir, !cut)).catch((cause) => {
          throw new Error(`Power cut at call ${n}, ${loss}: ${cause.message}`, { cause });
        });
        if (!cut && n === 1) throw new Error("The work makes no call that the power can be cut at");
        if (!cut) return n - 1;
      } finally {
        await Deno.remove(dir, { recursive: true });
      }
    }
  }
}

/** Does the work until the power is cut, or until its end. Returns whether it was cut before the end. */
async function cutAt(
  n: number,
  { dir, loss, work }: { readonly dir: string; readonly loss: Loss; work(dir: string): Promise<void> },
): Promise<boolean> {
  using crash = new CrashDisk(dir, n);
  await beforeDeadline(work(dir)).catch((error) => {
    if (!crash.cut) throw error;
  });
  const { cut } = crash;
  crash.lose(loss);
  return cut;
}

/**
 * Cuts the power at every call of a run, resumes it from its last barrier, and compares the files that it
 * leaves with those of a run without a power cut. The barriers' states are kept in memory, so that no
 * checkpoint's own files and syncs make anything else durable. `filesOf` reads what is compared.
 */
export async function checkResumedFiles(
  run: (dir: string, checkpoints: MemoryCheckpoints) => Promise<unknown>,
  { filesOf = filesBelow }: { filesOf?(dir: string): unknown } = {},
): Promise<void> {
  const uninterrupted = await Deno.makeTempDir(), all = new MemoryCheckpoints();
  {
    using _quick = withoutSyncs();
    await run(uninterrupted, all);
  }
  const wanted = filesOf(uninterrupted);
  await Deno.remove(uninterrupted, { recursive: true });
  ok(all.all.length > 2, `${all.all.length} barriers`);
  let checkpoints = new MemoryCheckpoints();
  const calls = await atEveryCall(async (dir) => {
    checkpoints = new MemoryCheckpoints();
    await run(dir, checkpoints);
  }, async (dir, whole) => {
    if (!whole) await run(dir, new MemoryCheckpoints(await checkpoints.latest()));
    deepStrictEqual(filesOf(dir), wanted);
  });
  ok(calls > 5, `${calls} calls`);
}

/** The content of all files below a folder in hexadecimal digits, keyed by path. */
export function filesBelow(dir: string): Record<string, string> {
  const found: [string, string][] = [];
  for (const { name, isDirectory } of Deno.readDirSync(dir)) {
    if (!isDirectory) found.push([name, Deno.readFileSync(`${dir}/${name}`).toHex()]);
    else {for (const [path, bytes] of Object.entries(filesBelow(`${dir}/${name}`))) {
        found.push([`${name}/${path}`, bytes]);
      }}
  }
  return Object.fromEntries(found.sort());
}
