/**
 * The page at `/`.
 *
 * @module
 */
import { readText } from "../../stages/disk/files.ts";

/** Reads the page. */
export async function readPage(): Promise<string> {
  return await readText(new URL("page.html", import.meta.url));
}
