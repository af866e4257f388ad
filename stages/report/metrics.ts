/**
 * metrics.jsonl: one event per line. A checkpoint saves the file's length, and a resume truncates the file to
 * that length, so that no step is in the file twice.
 *
 * @module
 */
import type { Json } from "../flow/checkpoint/checkpoint.ts";
import type { RunEvent } from "../flow/events.ts";
import { decodeEvent, encodeEvent } from "../flow/event_json.ts";
import { writeAllSync } from "../disk/exact_io.ts";
import { openFile, openFileSync } from "../disk/files.ts";
import { syncNameSync } from "../disk/folder_sync.ts";
import { readIfThere } from "../disk/whole_files.ts";

/**
 * A metrics.jsonl that is open for appending.
 *
 * @example
 * ```ts
 * import { from, map, MetricsFile, readEvents } from "@stagewise/gpt";
 *
 * const path = `${await Deno.makeTempDir()}/metrics.jsonl`;
 * const metrics = new MetricsFile(path);
 * await from([1, 2]).pipe(map("square", (x: number) => x * x)).run({
 *   effects: { metrics }, // a resumed run truncates the file
 *   onEvent: (event) => metrics.append(event),
 * });
 * metrics.close();
 * console.log((await readEvents(path)).some(({ type }) => type === "stage")); // true
 * ```
 */
export class MetricsFile {
  readonly #file: Deno.FsFile;
  readonly #encoder = new TextEncoder();
  #bytes: number;

  /** Opens or creates the file. Its content is kept until `restore` is called. */
  constructor(path: string) {
    this.#file = openFileSync(path, { read: true, write: true, create: true });
    syncNameSync(path); // the file may be new
    this.#bytes = this.#file.seekSync(0, Deno.SeekMode.End);
  }

  /** Writes an event as a line, without buffering. */
  append(event: RunEvent): void {
    this.#write(`${encodeEvent(event)}\n`);
  }

  /**
   * Syncs the file to disk and returns its length: a checkpoint must not count bytes that a crash could lose.
   */
  save(): { readonly bytes: number } {
    this.#file.syncDataSync();
    return { bytes: this.#bytes };
  }

  /**
   * Truncates the file to a saved length; null empties the file. The first checkpoint event after that length
   * is kept: it is the event of the checkpoint that saved the length, and was written only after that
   * checkpoint was complete. If a user has removed or shortened the file, so that it is shorter than the
   * saved length, writing continues at its end, since training does not depend on the file.
   */
  restore(saved: Json): void {
    const bytes = saved !== null && typeof saved === "object" && "bytes" in saved ? Number(saved.bytes) : 0;
    if (bytes > this.#bytes) return;
    const checkpoint = bytes === 0 ? undefined : this.#linesFrom(bytes).find(isCheckpointLine);
    this.#file.seekSync(bytes, Deno.SeekMode.Start);
    this.#bytes = bytes;
    if (checkpoint !== undefined) this.#write(`${checkpoint}\n`);
    this.#file.truncateSync(this.#bytes);
  }

  /** Syncs and closes the file. */
  close(): void {
    this.#file.syncDataSync();
    this.#file.close();
  }

  /** Returns the lines after a byte offset, which are at most the lines between two checkpoints. */
  #linesFrom(bytes: number): string[] {
    const rest = new Uint8Array(this.#bytes - bytes);
    this.#file.seekSync(bytes, Deno.SeekMode.Start);
    for (let at = 0; at < rest.length;) {
      const read = this.#file.readSync(rest.subarray(at));
      if (read === null) break;
      at += read;
    }
    return new TextDecoder().decode(rest).split("\n");
  }

  #write(text: string): void {
    const line = this.#encoder.encode(text);
    writeAllSync(this.#file, line);
    this.#bytes += line.length;
  }
}

function isCheckpointLine(line: string): boolean {
  return decodeEvent(line)?.type === "checkpoint";
}

/**
 * Reads the events of a metrics.jsonl, leaving out a line that a crash has cut short. The list is empty if
 * there is no file.
 *
 * @example
 * ```ts
 * import { readEvents } from "@stagewise/gpt";
 *
 * const path = `${await Deno.makeTempDir()}/metrics.jsonl`;
 * await Deno.writeTextFile(path, '{"type":"eval","step":10,"valLoss":4.5}\n{"type":"eval","st');
 * console.log((await readEvents(path)).length); // 1
 * ```
 */
export async function readEvents(path: string): Promise<RunEvent[]> {
  return (await readIfThere(path) ?? "").split("\n").map(decodeEvent).filter((event) => event !== null);
}

/** Reads the last complete event from the end of a metrics.jsonl; null if there is none. */
export async function lastEvent(path: string): Promise<RunEvent | null> {
  let file: Deno.FsFile;
  try {
    file = await openFile(path);
  } catch (error) {
    if (error instanceof Deno.errors.NotFound) return null;
    throw error;
  }
  try {
    const { size } = await file.stat();
    const tail = new Uint8Array(Math.min(size, 64 * 1024));
    await file.seek(size - tail.length, Deno.SeekMode.Start);
    for (let at = 0; at < tail.length;) {
      const read = await file.read(tail.subarray(at));
      if (read === null) break;
      at += read;
    }
    return new TextDecoder().decode(tail).split("\n").map(decodeEvent).findLast((event) => event !== null) ??
      null;
  } finally {
    file.close();
  }
}
