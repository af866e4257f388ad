/**
 * Free space on a disk.
 *
 * @module
 */
import { statfs } from "node:fs/promises";

/**
 * Returns the number of free bytes for this user on the disk of `folder`, or null if the system or the
 * permissions do not allow reading it.
 */
export async function freeBytes(folder: string): Promise<number | null> {
  try {
    const { bavail, bsize } = await statfs(folder);
    return bavail * bsize;
  } catch {
    return null; // without --allow-sys=statfs a full disk is noticed only when a write fails
  }
}

/** Throws RangeError if fewer than `bytes` bytes are free. */
export async function checkFreeSpace(folder: string, bytes: number): Promise<void> {
  const free = await freeBytes(folder);
  if (free === null || free >= bytes) return;
  const megabytes = (n: number) => `${(n / 1e6).toFixed(1)} MB`;
  throw new RangeError(
    `the disk has too little room: it needs ${megabytes(bytes)}, ${megabytes(free)} are free: ` +
      `make room on the disk and type the command again`,
  );
}
