/**
 * Reads and writes MinHash's files.
 *
 * @module
 */
import { readFullSync, writeAllSync } from "../../disk/exact_io.ts";
import { replaceWhole } from "../../disk/whole_files.ts";
import { openFileSync } from "../../disk/files.ts";

const BUFFER = 65536; // bytes collected before a write

/**
 * Fills `data` with bytes from the file's position on. Throws Deno.errors.InvalidData if the file ends too
 * early.
 */
export function readFull(file: Deno.FsFile, data: ArrayBufferView<ArrayBuffer>, path: string): void {
  readFullSync(file, data, { path, hint: "start over with --resume never" });
}

/** Writes a file atomically. `make` is called with a function that appends any number of bytes. */
export async function writeInParts(
  path: string,
  make: (write: (bytes: Uint8Array) => void) => Promise<void>,
): Promise<void> {
  await replaceWhole(path, async (beside) => {
    using file = openFileSync(beside, { write: true, create: true, truncate: true });
    const buffer = new Uint8Array(BUFFER);
    let held = 0;
    await make((bytes) => {
      if (held + bytes.length > buffer.length) {
        writeAllSync(file, buffer.subarray(0, held));
        held = 0;
      }
      if (bytes.length > buffer.length) return writeAllSync(file, bytes);
      buffer.set(bytes, held);
      held += bytes.length;
    });
    writeAllSync(file, buffer.subarray(0, held));
    file.syncSync();
  });
}
