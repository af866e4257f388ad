/**
 * Starts a run as the only owner of its folder, or resumes it.
 *
 * @module
 */
import { disk } from "../../../stages/disk/disk.ts";
import { exists } from "../../../stages/disk/whole_files.ts";
import { copyRun } from "../../../stages/run/branch.ts";
import { claimFolder, claimRankFolder } from "../../../stages/run/claim.ts";
import type { Console } from "../../../stages/run/console.ts";
import { moveAside, readRunFolder } from "../../../stages/run/folder.ts";
import { UsageError } from "../../../stages/run/usage_error.ts";
import type { PreparedRun } from "../prepare.ts";
import { limitsOf } from "../resolve.ts";
import { executeWithRollback } from "./rollback.ts";
import type { RunJob } from "./run_job.ts";

/**
 * Returns whether there is nothing left to do: the run has finished, no limit was changed, and no other
 * checkpoint to resume from was given.
 */
export function isFinished({ options, resolved: { values }, saved, decision }: PreparedRun): boolean {
  if (saved === null || decision.state?.finished !== true || decision.checkpoint !== null) return false;
  return limitsOf(options).every((name) =>
    !saved.has(name) || JSON.stringify(values[name]) === JSON.stringify(saved.get(name))
  );
}

/** Moves an old run aside if necessary, and calls `work` as the only owner of the run's folder. */
export async function startOwned(
  prepared: PreparedRun,
  { console, work }: { readonly console: Console; work(): Promise<number> },
): Promise<number> {
  const { named, decision: { recordFolder, moveAside: replaces } } = prepared;
  if (named.pipeline.writes === false) return await work();
  const moved = replaces ? await moveUnused(recordFolder) : null;
  if (moved !== null) console.err(`The earlier run in ${recordFolder} was moved to ${moved}`);
  try {
    using _claim = await claimFolders(prepared, console);
    return await work();
  } catch (error) {
    const unused = moved !== null && error instanceof UsageError && !await exists(recordFolder);
    if (unused) await disk.rename(moved, recordFolder); // nothing was started: restore the earlier run
    throw error;
  }
}

/** Moves a run aside unless a process is running in it. Returns its new path. */
async function moveUnused(folder: string): Promise<string> {
  using _claim = await claimFolder(folder);
  return await moveAside(folder);
}

/**
 * Claims the run's folder. Ranks share `--out`, and each claims its own folder in it. Throws UsageError if
 * another process holds a folder, or has changed it since the command line was read.
 */
export async function claimFolders({ decision }: PreparedRun, console: Console): Promise<Disposable> {
  const { out, recordFolder, state } = decision;
  using claims = new DisposableStack();
  if (recordFolder === out) claims.use(await claimFolder(out));
  else {
    claims.use(await claimFolder(out, { shared: true }));
    const lost = (why: string): never => {
      console.err(`${why}: this process ends, and leaves the work to it`);
      Deno.exit(1); // without a checkpoint, which would be written over the other's
    };
    claims.use(await claimRankFolder(recordFolder, { say: console.err, lost }));
  }
  const now = state === null ? null : await readRunFolder(recordFolder);
  if (JSON.stringify(now) !== JSON.stringify(state)) {
    throw new UsageError(
      `Cannot use ${recordFolder}: another process has just changed it: type the command again`,
    );
  }
  return claims.move();
}

/** Starts or resumes a run of a flow; returns its exit code, and throws the error of a run that fails. */
export async function startRun(
  prepared: PreparedRun,
  io: Pick<RunJob, "console" | "leader" | "isPhase" | "live">,
): Promise<number> {
  return await startOwned(prepared, { console: io.console, work: () => executeOwned(prepared, io) });
}

async function executeOwned(
  prepared: PreparedRun,
  io: Pick<RunJob, "console" | "leader" | "isPhase" | "live">,
): Promise<number> {
  const { named, resolved, fetched, decision, typed, resumeCommand } = prepared;
  const { out, recordFolder, resumed, checkpoint, branch, store } = decision;
  await store?.claim();
  if (branch !== null) await copyRun(branch, recordFolder);
  let code: number;
  try {
    code = await executeWithRollback({
      named,
      resolved,
      fetched,
      out,
      recordFolder,
      resumed,
      checkpoint,
      resumeCommand,
      typed,
      store,
      ...io,
    });
  } catch (error) {
    await store?.finish().catch(() => {}); // what was saved before the failure; the first error counts
    throw error;
  }
  await bringToStore(prepared, io.console);
  return code;
}

/** Brings the end of a run to its object store, if it has one. */
export async function bringToStore({ decision: { store } }: PreparedRun, console: Console): Promise<void> {
  if (store === null) return;
  if (!store.isClaimed) await store.claim();
  await store.finish();
  console.err(`Stored in ${store.place.url}`);
}
