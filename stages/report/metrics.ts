/**
 * metrics.jsonl: one event a line, appended. Its length is an effect of the flow: a checkpoint saves it, a resume cuts
 * the file back to it, so no step is there twice.
 *
 * @module
 */
import type { Json } from "../flow/checkpoint.ts";
import type { RunEvent } from "../flow/events.ts";

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
    const line = this.#encoder.encode(`${JSON.stringify(event)}\n`);
    for (let at = 0; at < line.length;) at += this.#file.writeSync(line.subarray(at));
    this.#bytes += line.length;
  }

  /** The length, on disk before this returns: a checkpoint must not outlive what it counts. */
  save(): { readonly bytes: number } {
    this.#file.syncDataSync();
    return { bytes: this.#bytes };
  }

  /**
   * Cuts the file back to a saved length. The line after it stays if it tells of a checkpoint: the one that saved the
   * length, which could only be told of when it was complete. A file that is shorter, because somebody removed it or
   * parts of it, is not what training depends on: it is gone on with from its end. Null: to the beginning.
   */
  restore(saved: Json): void {
    const bytes = saved !== null && typeof saved === "object" && "bytes" in saved ? Number(saved.bytes) : 0;
    if (bytes > this.#bytes) return;
    this.#file.seekSync(bytes, Deno.SeekMode.Start);
    const next = this.#readLine();
    const told = next !== null && isEvent(next.value) && next.value.type === "checkpoint";
    const keep = bytes > 0 && told ? next.length : 0;
    this.#bytes = bytes + keep;
    this.#file.truncateSync(this.#bytes);
    this.#file.seekSync(this.#bytes, Deno.SeekMode.Start);
  }

  /** Closes the file. */
  close(): void {
    this.#file.close();
  }

  #readLine(): { value: unknown; length: number } | null {
    const buffer = new Uint8Array(64 * 1024); // a checkpoint's line is far shorter
    const read = this.#file.readSync(buffer) ?? 0;
    const end = buffer.subarray(0, read).indexOf(10);
    if (end < 0) return null;
    return { value: parse(new TextDecoder().decode(buffer.subarray(0, end))), length: end + 1 };
  }
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
