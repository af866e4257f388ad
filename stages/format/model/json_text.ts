/**
 * Reads the JSON files that describe a model.
 *
 * @module
 */
import { fileInfo, readText } from "../../disk/files.ts";

/** Greatest size of a file: a config.json has about 1,000 bytes, an index about 100 bytes per tensor. */
const MAX_JSON_BYTES = 1 << 24;

/** Returns a file's text. Throws Deno.errors.InvalidData for more than 16 MiB, and file system errors. */
export async function readJsonText(path: string): Promise<string> {
  const { size } = await fileInfo(path);
  if (size <= MAX_JSON_BYTES) return await readText(path);
  throw new Deno.errors.InvalidData(
    `Cannot read ${path}: it has ${size} bytes, expected at most ${MAX_JSON_BYTES}`,
  );
}
