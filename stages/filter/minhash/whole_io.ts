/**
 * Reads and writes that do all or fail, for the files of MinHash.
 *
 * @module
 */

/** The bytes of a typed array. */
function bytesOf(data: ArrayBufferView<ArrayBuffer>): Uint8Array<ArrayBuffer> {
  return new Uint8Array(data.buffer, data.byteOffset, data.byteLength);
}

/** Fills `data` from where the file stands. Throws Deno.errors.InvalidData where it ends before. */
export function readFull(file: Deno.FsFile, data: ArrayBufferView<ArrayBuffer>, path: string): void {
  const bytes = bytesOf(data);
  for (let at = 0; at < bytes.length;) {
    const read = file.readSync(bytes.subarray(at));
    if (read === null) {
      throw new Deno.errors.InvalidData(
        `Cannot read ${path}: it ends ${bytes.length - at} bytes early: begin anew with --resume never`,
      );
    }
    at += read;
  }
}

/** Writes all of `data` where the file stands. Throws what the disk says. */
export function writeFull(file: Deno.FsFile, data: ArrayBufferView<ArrayBuffer>): void {
  const bytes = bytesOf(data);
  for (let at = 0; at < bytes.length;) at += file.writeSync(bytes.subarray(at));
}

/** Opens a growing file cut back to `bytes`, to append to. Throws Deno.errors.InvalidData where it is shorter. */
export function openCutBack(path: string, bytes: number): Deno.FsFile {
  const file = Deno.openSync(path, { read: true, write: true, create: true });
  const { size } = file.statSync();
  if (size < bytes) {
    file.close();
    throw new Deno.errors.InvalidData(
      `Cannot go on writing ${path}: it has ${size} bytes, the checkpoint says ${bytes}: begin anew with --resume never`,
    );
  }
  file.truncateSync(bytes);
  file.seekSync(bytes, Deno.SeekMode.Start);
  return file;
}

/** Writes a file whole or not at all: beside it, synced, renamed. `make` is given a function that appends bytes. */
export async function writeWhole(
  path: string,
  make: (write: (bytes: Uint8Array) => void) => void | Promise<void>,
): Promise<void> {
  {
    using file = Deno.openSync(`${path}.partial`, { write: true, create: true, truncate: true });
    const buffer = new Uint8Array(65536);
    let held = 0;
    await make((bytes) => {
      if (held + bytes.length > buffer.length) {
        writeFull(file, buffer.subarray(0, held));
        held = 0;
      }
      if (bytes.length > buffer.length) return writeFull(file, bytes.slice());
      buffer.set(bytes, held);
      held += bytes.length;
    });
    writeFull(file, buffer.subarray(0, held));
    file.syncSync();
  }
  Deno.renameSync(`${path}.partial`, path);
}
