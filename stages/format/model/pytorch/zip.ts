/**
 * The directory of a ZIP archive whose files are stored without compression, as PyTorch writes them; with
 * 64-bit sizes (ZIP64) too. Sizes and places are checked against the file. Source: PKWARE's APPNOTE 6.3.
 *
 * @module
 */
import { readFull } from "../../../disk/exact_io.ts";
import { excerpt } from "../../text/excerpt.ts";

/** Where the bytes of a file in an archive are. */
export interface ZipEntry {
  /** First byte of the header before the file. */
  readonly local: number;
  /** Number of the file's bytes. */
  readonly bytes: number;
}

const END_BYTES = 22, LONGEST_COMMENT = 65535, LOCATOR_BYTES = 20, END64_BYTES = 56;
const ENTRY_BYTES = 46, LOCAL_BYTES = 30;
const MOST_DIRECTORY = 1 << 26; // bytes; an archive of 1,000 tensors has about 100,000
const MOST_ENTRIES = 100_000; // a file for each tensor
const signatures = {
  end: 0x06054B50,
  locator: 0x07064B50,
  end64: 0x06064B50,
  entry: 0x02014B50,
  local: 0x04034B50,
};

/** Reads the directory. Throws the errors of `refused` if it is damaged or a file is compressed. */
export async function readZip(
  file: Deno.FsFile,
  { path, size, refused }: { readonly path: string; readonly size: number; refused(why: string): Error },
): Promise<ReadonlyMap<string, ZipEntry>> {
  const read = async (at: number, length: number): Promise<DataView> => {
    if (at < 0 || length < 0 || at + length > size) throw refused("its directory is cut off");
    const bytes = new Uint8Array(length);
    await file.seek(at, Deno.SeekMode.Start);
    await readFull(file, bytes, path);
    return new DataView(bytes.buffer);
  };
  const { count, bytes, begin } = await endOf(read, { size, refused });
  if (bytes > MOST_DIRECTORY) {
    throw refused(`its directory has ${bytes} bytes, expected at most ${MOST_DIRECTORY}`);
  }
  if (count > bytes / ENTRY_BYTES || count > MOST_ENTRIES) {
    throw refused(`it lists ${count} files in ${bytes} bytes`);
  }
  const view = await read(begin, bytes), entries = new Map<string, ZipEntry>();
  let at = 0;
  for (let i = 0; i < count; i++) {
    if (at + ENTRY_BYTES > bytes || view.getUint32(at, true) !== signatures.entry) {
      throw refused(`entry ${i} of its directory is damaged`);
    }
    const [nameBytes, extraBytes, commentBytes] = [28, 30, 32].map((field) =>
      view.getUint16(at + field, true)
    );
    const end = at + ENTRY_BYTES + nameBytes + extraBytes + commentBytes;
    if (end > bytes) throw refused(`entry ${i} of its directory is cut off`);
    const name = new TextDecoder().decode(new Uint8Array(view.buffer, at + ENTRY_BYTES, nameBytes));
    const [packed, full, local] = wide(view, { at, extra: at + ENTRY_BYTES + nameBytes, extraBytes });
    if (view.getUint16(at + 10, true) !== 0 || packed !== full) {
      throw refused(
        `${excerpt(name)} is compressed, which PyTorch never does: save it again with torch.save`,
      );
    }
    if (entries.has(name)) throw refused(`${excerpt(name)} occurs twice`);
    if (local + LOCAL_BYTES + full > size) {
      throw refused(`${excerpt(name)} ends after byte ${size}, the last one`);
    }
    entries.set(name, { local, bytes: full });
    at = end;
  }
  return entries;
}

/**
 * Reads `bytes` bytes of a file in an archive, from byte `from` on. Throws the errors of `refused` if the
 * archive ends before them.
 */
export async function readZipEntry(
  file: Deno.FsFile,
  { local, bytes: length }: ZipEntry,
  { from = 0, bytes = length, path, size, refused }: ZipPart,
): Promise<Uint8Array<ArrayBuffer>> {
  const head = new Uint8Array(LOCAL_BYTES), view = new DataView(head.buffer);
  await file.seek(local, Deno.SeekMode.Start);
  await readFull(file, head, path);
  if (view.getUint32(0, true) !== signatures.local) throw refused("a file is not where its directory says");
  const first = local + LOCAL_BYTES + view.getUint16(26, true) + view.getUint16(28, true);
  if (first + length > size) throw refused(`a file ends at byte ${first + length} of ${size}`);
  const out = new Uint8Array(bytes);
  await file.seek(first + from, Deno.SeekMode.Start);
  await readFull(file, out, path);
  return out;
}

/** A part of a file in an archive, and the archive. */
export interface ZipPart {
  readonly from?: number;
  readonly bytes?: number;
  readonly path: string;
  readonly size: number;
  refused(why: string): Error;
}

type Read = (at: number, length: number) => Promise<DataView>;

/** Returns where the directory is. */
async function endOf(
  read: Read,
  { size, refused }: { readonly size: number; refused(why: string): Error },
): Promise<{ readonly count: number; readonly bytes: number; readonly begin: number }> {
  const length = Math.min(size, END_BYTES + LONGEST_COMMENT), view = await read(size - length, length);
  let at = length - END_BYTES;
  while (at >= 0 && view.getUint32(at, true) !== signatures.end) at--;
  if (at < 0) throw refused("it has no directory: it is no ZIP archive, or cut off");
  const small = {
    count: view.getUint16(at + 10, true),
    bytes: view.getUint32(at + 12, true),
    begin: view.getUint32(at + 16, true),
  };
  const end = size - length + at;
  if (small.count !== 0xFFFF && small.bytes !== 0xFFFFFFFF && small.begin !== 0xFFFFFFFF) return small;
  if (end < LOCATOR_BYTES) throw refused("its directory is damaged");
  const locator = await read(end - LOCATOR_BYTES, LOCATOR_BYTES);
  if (locator.getUint32(0, true) !== signatures.locator) return small;
  const end64 = await read(Number(locator.getBigUint64(8, true)), END64_BYTES);
  if (end64.getUint32(0, true) !== signatures.end64) throw refused("its directory is damaged");
  const [count, bytes, begin] = [32, 40, 48].map((field) => Number(end64.getBigUint64(field, true)));
  return { count, bytes, begin };
}

/** Returns packed size, size and place of an entry, which are in the ZIP64 field where they need 64 bits. */
function wide(
  view: DataView,
  { at, extra, extraBytes }: { readonly at: number; readonly extra: number; readonly extraBytes: number },
): readonly [packed: number, full: number, local: number] {
  let [packed, full, local] = [20, 24, 42].map((field) => view.getUint32(at + field, true));
  for (let i = extra; i + 4 <= extra + extraBytes;) {
    const kind = view.getUint16(i, true), length = view.getUint16(i + 2, true);
    let next = i + 4;
    const end = Math.min(next + length, extra + extraBytes);
    const take = (value: number): number => {
      if (value !== 0xFFFFFFFF || next + 8 > end) return value;
      next += 8;
      return Number(view.getBigUint64(next - 8, true));
    };
    if (kind === 1) [full, packed, local] = [take(full), take(packed), take(local)];
    i = end;
  }
  return [packed, full, local];
}
