/**
 * Folders and files that are gone after a test.
 *
 * @module
 */

/** An empty folder for `work`. */
export async function withFolder(work: (dir: string) => Promise<void>): Promise<void> {
  const dir = await Deno.makeTempDir();
  try {
    await work(dir);
  } finally {
    await Deno.remove(dir, { recursive: true });
  }
}

/** A file that holds `content`, for `work`. */
export async function withFile(
  content: string | Uint8Array,
  work: (path: string) => Promise<void>,
): Promise<void> {
  await withFolder(async (dir) => {
    const path = `${dir}/file.txt`; // a kind that readers take for text
    await Deno.writeFile(path, typeof content === "string" ? new TextEncoder().encode(content) : content);
    await work(path);
  });
}
