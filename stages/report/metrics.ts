/**
 * metrics.jsonl: one event a line, appended. Its length is an effect of the flow: a checkpoint saves it, a resume cuts
 * the file back to it, so no step is there twice.
 *
 * @module
 */
import type { Json } from "../flow/checkpoint/checkpoint.ts";
import type { RunEvent } from "../flow/events.ts";
import { writeAllSync } from "../disk/exact_io.ts";

/** The open file. */
export class MetricsFile {
  readonly #file: Deno.FsFile;
  readonly #encoder = new TextEncoder();
  #bytes: number;

  /** Opens the file, creating it; what is in it stays until `restore`. */
  constructor(path: string) {
    this.#file = Deno.openSync(path, { read: true, write: true, create: true });
    this.#bytes = this.#file.seekSync(0, Deno.SeekMode.End);
  }

  /** Writes one event as a line, at once. */
  append(event: RunEvent): void {
    this.#write(`${JSON.stringify(event)}\n`);
  }

  /** The length, on disk before this returns: a checkpoint must not outlive what it counts. */
  save(): { readonly bytes: number } {
    this.#file.syncDataSync();
    return { bytes: this.#bytes };
  }

  /**
   * Cuts the file back to a saved length. The first line after it that tells of a checkpoint stays: it is of the one that
   * saved the length, which could only be told of when it was complete, while the run went on. A file that is shorter, because somebody removed it or
   * parts of it, is not what training depends on: it is gone on with from its end. Null: to the beginning.
   */
  restore(saved: Json): void {
    const bytes = saved !== null && typeof saved === "object" && "bytes" in saved ? Number(saved.bytes) : 0;
    if (bytes > this.#bytes) return;
    const told = bytes === 0 ? undefined : this.#linesFrom(bytes).find(tellsOfCheckpoint);
    this.#file.seekSync(bytes, Deno.SeekMode.Start);
    this.#bytes = bytes;
    if (told !== undefined) this.#write(`${told}\n`);
    this.#file.truncateSync(this.#bytes);
  }

  /** Closes the file. */
  close(): void {
    this.#file.close();
  }

  /** What was written since, which no checkpoint knows of: the events of one interval. */
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

function tellsOfCheckpoint(line: string): boolean {
  const event = parse(line);
  return isEvent(event) && event.type === "checkpoint";
}

/** The events of a metrics.jsonl; a line cut short by a crash is left out. Empty where there is no file. */
export async function readEvents(path: string): Promise<RunEvent[]> {
  let text: string;
  try {
    text = await Deno.readTextFile(path);
  } catch (error) {
    if (error instanceof Deno.errors.NotFound) return [];
    throw error;
  }
  return text.split("\n").map(parse).filter(isEvent);
}

/** The last complete event of a metrics.jsonl, or null; reads only the file's end. */
export async function lastEvent(path: string): Promise<RunEvent | null> {
  let file: Deno.FsFile;
  try {
    file = await Deno.open(path);
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
    return new TextDecoder().decode(tail).split("\n").map(parse).filter(isEvent).pop() ?? null;
  } finally {
    file.close();
  }
}

function parse(line: string): unknown {
  try {
    return JSON.parse(line);
  } catch {
    return null;
  }
}

function isEvent(value: unknown): value is RunEvent {
  return typeof value === "object" && value !== null && "type" in value && typeof value.type === "string";
}
