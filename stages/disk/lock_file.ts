/**
 * A lock file: at most one process holds it, and its text names the holder.
 *
 * The lock is the operating system's, on the open file, not the file's existence: it ends with the process,
 * however that ends, so a lock file that a killed process left behind stops nobody.
 *
 * @module
 */
import { writeAllSync } from "./exact_io.ts";
import { fileError } from "./file_error.ts";

/** A lock that is held until it is disposed of. */
export interface HeldLock extends Disposable {
  readonly path: string;
}

/** Another process holds the lock. */
export class LockedError extends Error {
  override readonly name = "LockedError";

  /** `owner`: the holder, as it named itself; empty where it has not yet. */
  constructor(readonly path: string, readonly owner: string) {
    super(`Cannot lock ${path}: ${owner === "" ? "another process" : owner} holds it`);
  }
}

/**
 * Takes the lock at `path`, making the file if there is none, and writes `owner` (one line: a process, a
 * host, a command) into it. Throws LockedError where another open file holds the lock, and what `fileError`
 * gives.
 */
export function lockFile(path: string, owner: string): HeldLock {
  let file: Deno.FsFile | null = null;
  try {
    file = Deno.openSync(path, { read: true, write: true, create: true });
    if (!file.tryLockSync(true)) throw new LockedError(path, ownerIn(path));
    file.truncateSync(0);
    writeAllSync(file, new TextEncoder().encode(`${owner}\n`));
    const held = file;
    return { path, [Symbol.dispose]: () => held.close() };
  } catch (error) {
    file?.close();
    throw fileError(error, { action: "lock", path });
  }
}

function ownerIn(path: string): string {
  try {
    return Deno.readTextFileSync(path).trim();
  } catch {
    return ""; // some systems do not let a locked file be read
  }
}
