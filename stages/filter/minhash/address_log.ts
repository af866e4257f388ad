/**
 * Counts addresses, so that several processes can mask them as one does. The replacements of `pii` rotate
 * over all documents, so a process must know how many addresses there are in the kept documents of all lower
 * ranks. Each rank counts those of its documents before it is known which are kept: the file
 * `00003.addresses` has a record of three 32-bit numbers, little-endian, for each document with addresses:
 * e-mail addresses, IP addresses, and the document's index.
 *
 * @module
 */
import { fileInfoSync, openFileSync } from "../../disk/files.ts";
import type { PiiState } from "../pii/pii.ts";
import { SignatureLog } from "./signature_log.ts";
import type { SignatureSet } from "./signature_set.ts";
import { readFull } from "./whole_io.ts";

const RECORD = 3; // 32-bit words
const RECORDS = 8192; // read at a time

/** Returns the path of the counts of a rank. */
export function addressLogPath(dir: string, rank: number): string {
  return `${dir}/${String(rank).padStart(5, "0")}.addresses`;
}

/** Opens or creates the counts of a rank, and truncates them to `count` records. */
export function openAddressLog(path: string, count: number): SignatureLog {
  return new SignatureLog(path, { bytes: 4 * (RECORD - 1), count });
}

/** Appends the counts of a document; one without addresses has no record. */
export function addAddresses(log: SignatureLog, { emails, ipAddresses }: PiiState, document: number): void {
  if (emails + ipAddresses === 0) return;
  log.add(new Uint8Array(Uint32Array.of(emails, ipAddresses).buffer), document);
}

/**
 * Returns, for each set, the number of addresses in the kept documents of all sets before it; null if
 * addresses were not counted. Throws Deno.errors.InvalidData for a file of another length.
 */
export function countAddressesBefore(
  sets: readonly SignatureSet[],
  { dir, isKept }: { readonly dir: string; isKept(set: number, document: number): boolean },
): readonly PiiState[] | null {
  if (sets.some(({ addressed }) => addressed === undefined)) return null;
  let emails = 0, ipAddresses = 0;
  return sets.map(({ rank, addressed = 0 }, i) => {
    const before = { emails, ipAddresses };
    for (const part of read(addressLogPath(dir, rank), addressed)) {
      for (let at = 0; at < part.length; at += RECORD) {
        if (!isKept(i, part[at + 2])) continue;
        emails += part[at];
        ipAddresses += part[at + 1];
      }
    }
    return before;
  });
}

function* read(path: string, records: number): Generator<Uint32Array> {
  const { size } = fileInfoSync(path), expected = 4 * RECORD * records;
  if (size !== expected) {
    throw new Deno.errors.InvalidData(
      `Cannot read ${path}: it has ${size} bytes, but ${records} records have ${expected}: sign the documents again`,
    );
  }
  const words = new Uint32Array(RECORD * RECORDS);
  using file = openFileSync(path, { read: true });
  for (let done = 0; done < records; done += RECORDS) {
    const part = words.subarray(0, RECORD * Math.min(RECORDS, records - done));
    readFull(file, part, path);
    yield part;
  }
}
