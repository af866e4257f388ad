/**
 * A small file system that tests can fill.
 *
 * @module
 */

/** A mounted file system. */
export interface SmallDisk {
  /** Folder at which the file system is mounted. */
  readonly folder: string;
  /** Changes its size, for example to "4m". */
  resize(size: string): Promise<void>;
}

/**
 * Runs a test on a file system of `size` (for example "128k"). Returns null if this user may not mount one.
 */
export async function onSmallDisk<T>(
  size: string,
  test: (disk: SmallDisk) => Promise<T>,
): Promise<T | null> {
  const folder = await Deno.makeTempDir();
  try {
    if (!await ran("mount", "-t", "tmpfs", "-o", `size=${size}`, "tmpfs", folder)) return null;
    try {
      const resize = async (size: string) => {
        if (!await ran("mount", "-o", `remount,size=${size}`, folder)) {
          throw new Error(`Cannot resize ${folder}`);
        }
      };
      return await test({ folder, resize });
    } finally {
      await ran("umount", "-l", folder);
    }
  } finally {
    await Deno.remove(folder, { recursive: true });
  }
}

async function ran(command: string, ...args: string[]): Promise<boolean> {
  try {
    return (await new Deno.Command(command, { args, stdout: "null", stderr: "null" }).output()).success;
  } catch (error) {
    if (error instanceof Deno.errors.NotFound) return false; // the system has no `mount`
    throw error;
  }
}

/** Declares a test on a small file system; the test is ignored if none can be mounted. */
export async function smallDiskTest(
  name: string,
  size: string,
  test: (disk: SmallDisk) => Promise<void>,
): Promise<void> {
  const there = await onSmallDisk("64k", () => Promise.resolve(true)) ?? false;
  Deno.test({
    name: there ? name : `${name} (ignored: this user may not mount a small file system)`,
    ignore: !there,
    fn: async () => void await onSmallDisk(size, test),
  });
}
