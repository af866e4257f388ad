/**
 * Lock files: at most one process holds the lock, and the file names it.
 *
 * The lock is the operating system's lock on the open file, not the existence of the file. The lock ends when
 * the process ends, for whatever reason, so a file left by a killed process locks nobody out.
 *
 * @module
 */
import { writeAllSync } from "./exact_io.ts";
import { fileError } from "./file_error.ts";

/** A lock, held until it is disposed. */
export interface HeldLock extends Disposable {
  readonly path: string;
}

/** The error that is thrown if another process holds the lock. */
export class LockedError extends Error {
  override readonly name = "LockedError";

  /** `owner` is the text that the holder of the lock wrote into the file; empty if it is not written yet. */
  constructor(readonly path: string, readonly owner: string) {
    super(`Cannot lock ${path}: ${owner === "" ? "another process" : owner} holds it`);
  }
}

/**
 * Takes the lock at `path`, creating the file if it is missing, and writes `owner` into it: one line that
 * names the process, the host or the command. Throws LockedError if another open file holds the lock.
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
    return ""; // some systems do not allow reading a locked file
  }
}
