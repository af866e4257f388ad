/**
 * One process owns a run's folder at a time. It holds a lock on the file `run.lock` in the folder, which says
 * who it is. If a run ends before it has written config.json, the file stays and marks the folder as a run's.
 *
 * @module
 */
import { fileError, isWrongPath } from "../disk/file_error.ts";
import { entriesIn, entriesInSync, fileInfoSync } from "../disk/files.ts";
import { isRecord } from "../disk/json.ts";
import { type HeldLock, LockedError, lockFile, type LockOptions } from "../disk/lock_file.ts";
import { LeaseHeldError, type LeaseOptions, takeLease } from "../disk/lease.ts";
import { missingFolders, removeEmptyFolders } from "../disk/missing_folders.ts";
import { existsSync } from "../disk/whole_files.ts";
import { makeRunFolder, readRunFolder, requireOwn } from "./folder.ts";
import { LEASE_NAME, LOCK_NAME, RANKS_FOLDER } from "./own_folder.ts";
import { UsageError } from "./usage_error.ts";

/** The process that holds a folder, as `run.lock` describes it. */
interface Owner {
  readonly pid: number;
  /** Name of the machine; empty without the permission to ask for it. */
  readonly host: string;
  /** Time at which the folder was claimed, in ISO 8601. */
  readonly since: string;
  /** Tells apart machines of one name; empty if nothing does. */
  readonly machine: string;
}

/**
 * Makes the folder if it is missing and takes its lock, until the returned object is disposed. With `shared`,
 * several processes may hold the folder, but no process may hold it alone. If nothing was written to the
 * folder meanwhile, what was made is removed again.
 *
 * Throws UsageError if another process holds the folder, if the folder cannot be made, or if it contains a
 * symbolic link, whose target a run would overwrite.
 */
export async function claimFolder(folder: string, options: LockOptions = {}): Promise<Disposable> {
  await refuseLinks(folder);
  const made = missingFolders(folder);
  await makeRunFolder(folder);
  let lock: HeldLock;
  try {
    lock = lockFile(`${folder}/${LOCK_NAME}`, JSON.stringify(thisProcess()), options);
  } catch (error) {
    if (error instanceof LockedError) throw heldElsewhere(folder, error);
    removeEmptyFolders(made);
    const cause = fileError(error, { action: "use", path: folder, hint: "give another --out" });
    throw isWrongPath(cause) ? new UsageError(cause.message, { cause }) : cause; // such as a full disk
  }
  return {
    [Symbol.dispose]() {
      using _lock = lock;
      if (!needsNoMark(folder)) return;
      lock.remove();
      removeEmptyFolders(made);
    },
  };
}

/**
 * Does the same as `claimFolder` for a pipeline that writes a page and keeps no run. Throws UsageError also
 * if the folder holds other files.
 */
export async function claimPageFolder(folder: string): Promise<Disposable> {
  requireOwn(await readRunFolder(folder), folder);
  return await claimFolder(folder);
}

/**
 * Claims the folder of a rank, as `claimFolder` does, and takes a lease on it too, because schedulers start a
 * rank again on another machine, to which the lock may not reach. Waits up to a minute for the lease of a
 * process on another machine that may have ended. Calls `lost` if another process takes the lease.
 *
 * Throws UsageError as `claimFolder` does, and if another process renews its lease.
 */
export async function claimRankFolder(
  folder: string,
  { say, lost, ...times }: RankClaimOptions,
): Promise<Disposable> {
  using claims = new DisposableStack();
  claims.use(await claimFolder(folder));
  try {
    claims.use(
      await takeLease(`${folder}/${LEASE_NAME}`, {
        ...times,
        owner: JSON.stringify(thisProcess()),
        hasEnded: isGone,
        onWait: ({ owner, milliseconds }) =>
          say(
            `Waiting up to ${Math.ceil(milliseconds / 1000)} s: ${
              ownerText(owner)
            } may still run in ${folder}`,
          ),
        onLost: ({ owner }) =>
          lost(
            `Lost ${folder}: ${
              owner === null ? "its lease was removed" : `${ownerText(owner)} has taken it`
            }`,
          ),
      }),
    );
  } catch (error) {
    throw error instanceof LeaseHeldError ? heldElsewhere(folder, error) : error;
  }
  return claims.move();
}

/** What `claimRankFolder` says while it waits, and what it does when the folder is lost. */
export interface RankClaimOptions extends Pick<LeaseOptions, "renewal" | "expiry" | "signal"> {
  /** Tells the user why nothing happens. */
  say(text: string): void;
  /** Ends the process, without a checkpoint. */
  lost(why: string): void;
}

/**
 * Whether the owner of a lease was a process of this machine. It is no more then, since this process has
 * taken the folder's lock, which reaches all processes of a machine.
 */
function isGone(text: string): boolean {
  const { host, machine } = thisProcess(), owner = ownerOf(text);
  return host !== "" && machine !== "" && owner?.host === host && owner.machine === machine;
}

function thisProcess(): Owner {
  const { state } = Deno.permissions.querySync({ name: "sys", kind: "hostname" });
  const host = state === "granted" ? Deno.hostname() : "";
  return { pid: Deno.pid, host, since: new Date().toISOString(), machine: machineMark() };
}

/**
 * Returns what tells apart machines of one name; "" if nothing does. A container has a hosts file of its own
 * from its start, so a pod that was started again on another machine under its old name differs.
 */
function machineMark(): string {
  try {
    const { ino, mtime } = fileInfoSync("/etc/hosts");
    return `${ino} ${mtime?.getTime()}`;
  } catch {
    return ""; // another system, or no permission
  }
}

function heldElsewhere(folder: string, { owner }: { readonly owner: string }): UsageError {
  return new UsageError(
    `Cannot use ${folder}: ${
      ownerText(owner)
    } is running in it: wait for its end, stop it, or give another --out`,
  );
}

/** The owner in words: "process 123 on host alpha, since 2026-11-29 17:30:01 UTC,". */
function ownerText(text: string): string {
  const owner = ownerOf(text);
  if (owner === null) return "another process";
  const host = typeof owner.host === "string" && owner.host !== "" ? ` on host ${owner.host}` : "";
  const since = `${owner.since}`.replace("T", " ").replace(/\.\d+Z$/, " UTC");
  return `process ${owner.pid}${host}, since ${since},`;
}

/** Returns the owner as it describes itself; null if that is not written yet, or unreadable while locked. */
function ownerOf(text: string): Readonly<Record<string, unknown>> | null {
  try {
    const owner: unknown = JSON.parse(text);
    return isRecord(owner) ? owner : null;
  } catch {
    return null;
  }
}

/** Throws UsageError if anything below the folder is a symbolic link. The folder itself may be one. */
async function refuseLinks(folder: string): Promise<void> {
  if (!existsSync(folder)) return;
  for (const { name, isSymlink, isDirectory } of await entriesIn(folder)) {
    const path = `${folder}/${name}`;
    if (isSymlink) {
      throw new UsageError(
        `Cannot use ${folder}: ${path} is a symbolic link, and a run writes through none: remove the link, or give another --out`,
      );
    }
    if (isDirectory) await refuseLinks(path);
  }
}

/** Whether the folder is empty apart from the lock, or is known as a run's without it. */
function needsNoMark(folder: string): boolean {
  try {
    const names = entriesInSync(folder).map(({ name }) => name).filter((name) =>
      name !== LOCK_NAME && name !== LEASE_NAME
    );
    if (names.join() === "report.html") return true; // known by its content
    return names.length === 0 || names.includes("config.json") || names.includes(RANKS_FOLDER);
  } catch {
    return false; // the folder was renamed
  }
}
