/**
 * A file system that is soon full.
 *
 * @module
 */

/** What a test gets. */
export interface SmallDisk {
  /** Where it is mounted. */
  readonly folder: string;
  /** Makes it larger or smaller: "4m". */
  resize(size: string): Promise<void>;
}

/** Runs a test on a file system of `size` ("128k"); null where this user may not mount one. */
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
    if (error instanceof Deno.errors.NotFound) return false; // no `mount` here
    throw error;
  }
}

/** A test on a small disk; where there can be none it is ignored and says why. */
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
