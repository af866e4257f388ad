/**
 * Lock files: at most one process holds the lock, and the file names it.
 *
 * The lock is the operating system's lock on the open file, not the existence of the file. The lock ends when
 * the process ends, for whatever reason, so a file left by a killed process locks nobody out.
 *
 * @module
 */
import { disk } from "./disk.ts";
import { writeAllSync } from "./exact_io.ts";
import { fileError } from "./file_error.ts";

/** A lock, held until it is disposed. */
export interface HeldLock extends Disposable {
  readonly path: string;
  /** Releases the lock, and removes the file unless the lock is shared with others. */
  remove(): void;
}

/** Options of `lockFile`. */
export interface LockOptions {
  /**
   * Whether several holders may share the lock. A shared lock and an exclusive lock exclude each other.
   * Default: false.
   */
  readonly shared?: boolean;
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
 * names the process, the host or the command. Throws LockedError if another open file holds the lock. On a
 * file system that has no locks, the file is written and nobody is refused.
 */
export function lockFile(path: string, owner: string, { shared = false }: LockOptions = {}): HeldLock {
  for (;;) {
    let file: Deno.FsFile | null = null;
    try {
      refuseLink(path);
      file = disk.openSync(path, { read: true, write: true, create: true });
      if (!takes(file, shared)) throw new LockedError(path, ownerIn(path));
      if (!isAt(path, file)) {
        file.close(); // the holder removed the file between the two calls
        continue;
      }
      file.truncateSync(0);
      writeAllSync(file, new TextEncoder().encode(`${owner}\n`));
      return heldLock(path, file);
    } catch (error) {
      file?.close();
      throw fileError(error, { action: "lock", path });
    }
  }
}

function heldLock(path: string, file: Deno.FsFile): HeldLock {
  let open = true;
  const close = (): void => {
    if (open) file.close();
    open = false;
  };
  return {
    path,
    remove() {
      if (!open) return;
      if (takes(file, false)) disk.removeSync(path); // before the lock is released: see `isAt`
      close();
    },
    [Symbol.dispose]: close,
  };
}

/** Throws if a symbolic link is at the path, because its target would be overwritten. */
function refuseLink(path: string): void {
  let isSymlink = false;
  try {
    ({ isSymlink } = Deno.lstatSync(path));
  } catch {
    return; // missing, or an error that opening the file reports better
  }
  if (isSymlink) {
    throw new Deno.errors.AlreadyExists(`Cannot lock ${path}: it is a symbolic link: remove it`);
  }
}

function takes(file: Deno.FsFile, shared: boolean): boolean {
  try {
    return file.tryLockSync(!shared);
  } catch (error) {
    if (error instanceof Error && /not supported|not implemented|no locks available/i.test(error.message)) {
      return true;
    }
    throw error;
  }
}

/** Whether the open file is still the one at the path. Where files have no numbers, it is taken to be. */
function isAt(path: string, file: Deno.FsFile): boolean {
  const { ino, dev } = file.statSync();
  if (ino === null) return true;
  try {
    const there = Deno.statSync(path);
    return there.ino === ino && there.dev === dev;
  } catch (error) {
    if (error instanceof Deno.errors.NotFound) return false;
    throw error;
  }
}

function ownerIn(path: string): string {
  try {
    return Deno.readTextFileSync(path).trim();
  } catch {
    return ""; // some systems do not allow reading a locked file
  }
}
