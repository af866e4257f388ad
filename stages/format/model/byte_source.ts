/**
 * Bytes that can be read at any place: a file on disk, or one that a person gave to a page in a browser.
 *
 * @module
 */

/** Bytes with a length that is known before they are read. */
export interface ByteSource {
  /** Path or name, for messages. */
  readonly path: string;
  /** Length in bytes. */
  readonly size: number;
  /**
   * Reads the bytes `begin` to `end` (exclusive); messages call them `what`. Throws InvalidData if there are
   * fewer.
   */
  read(begin: number, end: number, what: string): Promise<Uint8Array<ArrayBuffer>>;
  /** Releases the file. */
  close(): void;
}

/** Returns the bytes of a browser's File or Blob. */
export function blobBytes(path: string, blob: Blob): ByteSource {
  return {
    path,
    size: blob.size,
    read: async (begin, end) => new Uint8Array(await blob.slice(begin, end).arrayBuffer()),
    close: () => {},
  };
}
