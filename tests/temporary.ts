/**
 * Temporary folders and files, removed when the test ends.
 *
 * @module
 */

/** Calls `work` with a new empty folder and removes the folder afterwards. */
export async function withFolder(work: (dir: string) => Promise<void>): Promise<void> {
  const dir = await Deno.makeTempDir();
  try {
    await work(dir);
  } finally {
    await Deno.remove(dir, { recursive: true });
  }
}

/** Calls `work` with a new text file that holds `content` and removes the file afterwards. */
export async function withFile(
  content: string | Uint8Array,
  work: (path: string) => Promise<void>,
): Promise<void> {
  await withFolder(async (dir) => {
    const path = `${dir}/file.txt`; // readers read this extension as plain text
    await Deno.writeFile(path, typeof content === "string" ? new TextEncoder().encode(content) : content);
    await work(path);
  });
}
