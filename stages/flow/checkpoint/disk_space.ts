/**
 * Whether what is about to be written fits on the disk.
 *
 * @module
 */
import { statfs } from "node:fs/promises";

/** Bytes free for this user where `folder` is; null where the system or the permissions do not tell. */
export async function freeBytes(folder: string): Promise<number | null> {
  try {
    const { bavail, bsize } = await statfs(folder);
    return bavail * bsize;
  } catch {
    return null; // needs --allow-sys=statfs; writing then meets the end of the disk itself
  }
}

/** Throws RangeError where fewer than `bytes` are free. */
export async function checkFreeSpace(folder: string, bytes: number): Promise<void> {
  const free = await freeBytes(folder);
  if (free === null || free >= bytes) return;
  const megabytes = (n: number) => `${(n / 1e6).toFixed(1)} MB`;
  throw new RangeError(`No space left: it takes ${megabytes(bytes)} and ${megabytes(free)} are free`);
}
