/**
 * Reads and writes exactly the given number of bytes, although one system call may transfer fewer.
 *
 * @module
 */
import { disk } from "./disk.ts";
import { fileError } from "./file_error.ts";
import { syncNameSync } from "./folder_sync.ts";

const chunkBytes = 8 * 1024 * 1024; // some systems limit how much one call may write

/**
 * Fills `into` with bytes from the file's position on. Throws Deno.errors.InvalidData if the file ends too
 * early; the message calls the file `what`.
 */
export async function readFull(file: Deno.FsFile, into: Uint8Array, what: string): Promise<void> {
  for (let at = 0; at < into.length;) {
    const n = await file.read(into.subarray(at));
    if (n === null) throw endsEarly(what, into.length - at);
    at += n;
  }
}

/** Synchronous version of `readFull`. `hint` is advice for the error message. */
export function readFullSync(
  file: Deno.FsFile,
  into: ArrayBufferView<ArrayBuffer>,
  { path, hint = "" }: { readonly path: string; readonly hint?: string },
): void {
  const bytes = bytesOf(into);
  for (let at = 0; at < bytes.length;) {
    const n = file.readSync(bytes.subarray(at));
    if (n === null) throw endsEarly(path, bytes.length - at, hint);
    at += n;
  }
}

/** Writes all bytes, starting at the file's position. */
export async function writeAll(file: Deno.FsFile, bytes: Uint8Array): Promise<void> {
  for (let at = 0; at < bytes.length;) {
    const chunk = bytes.subarray(at, at + chunkBytes);
    // Deno cannot write from shared memory, so such a chunk is copied.
    at += await file.write(chunk.buffer instanceof SharedArrayBuffer ? chunk.slice() : chunk);
  }
}

/** Synchronous version of `writeAll`. */
export function writeAllSync(file: Deno.FsFile, data: ArrayBufferView): void {
  const bytes = bytesOf(data);
  for (let at = 0; at < bytes.length;) at += file.writeSync(bytes.subarray(at, at + chunkBytes));
}

/**
 * Opens a file for appending and truncates it to `bytes` bytes, the length that a checkpoint has saved.
 * Creates a missing file if `bytes` is 0, so that its name survives a power cut; otherwise throws
 * Deno.errors.NotFound for it. Throws Deno.errors.InvalidData for a file that is shorter than `bytes`.
 */
export function openTruncated(path: string, bytes: number): Deno.FsFile {
  const hint = "start over with --resume never";
  let file: Deno.FsFile;
  try {
    file = disk.openSync(path, { read: true, write: true, create: bytes === 0 });
  } catch (error) {
    throw fileError(error, { action: "resume", path, hint });
  }
  if (bytes === 0) syncNameSync(path); // later syncs of the file do not make its name durable
  const { size } = file.statSync();
  if (size < bytes) {
    file.close();
    throw new Deno.errors.InvalidData(
      `Cannot resume ${path}: it has ${size} bytes, the checkpoint says ${bytes}: ${hint}`,
    );
  }
  file.truncateSync(bytes);
  file.seekSync(bytes, Deno.SeekMode.Start);
  return file;
}

function bytesOf(data: ArrayBufferView): Uint8Array {
  return new Uint8Array(data.buffer, data.byteOffset, data.byteLength);
}

function endsEarly(what: string, missing: number, hint = ""): Error {
  return new Deno.errors.InvalidData(
    `Cannot read ${what}: the file ends ${missing} bytes early${hint === "" ? "" : `: ${hint}`}`,
  );
}
