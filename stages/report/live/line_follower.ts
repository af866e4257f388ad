/**
 * Follows a metrics.jsonl that another thread or process appends to: where its complete lines are, and
 * whether it has been truncated or replaced, as by a resume.
 *
 * @module
 */
import { fileInfo, openFile } from "../../disk/files.ts";
import { Notice } from "./notice.ts";

/** A position in a followed file: the start of a line. */
export interface LinePosition {
  /** Number of lines before the position. */
  readonly line: number;
  /** Byte offset of the position. */
  readonly offset: number;
}

/** Receives what a poll has found. */
export interface LineListener {
  /** Receives each complete line once, without its line end. */
  line(text: string): void;
  /** The file was truncated or replaced: all its lines follow again from the first. */
  reset(): void;
}

const CHUNK = 256 * 1024; // bytes of one read
const INDEXED = 256; // lines between two entries of the index of offsets
const GUARD = 64; // bytes before the position that are compared to notice a file that was replaced
/** Longest line in bytes. An inspection of a model with thousands of tensors takes a few megabytes. */
export const LONGEST_LINE = 32 * 1024 * 1024;

const NEWLINE = 10;

/**
 * The lines of a file that grows. Only offsets are kept, 8 bytes for 256 lines; readers read the file itself,
 * each at its own pace.
 */
export class LineFollower {
  readonly #path: string;
  readonly #listener: LineListener | null;
  #index: number[] = [0];
  #lines = 0;
  #bytes = 0;
  #guard: Uint8Array = new Uint8Array();
  #file: string | null = null; // identity of the file that is followed
  #isGone = false; // a folder that is renamed may come back under its name
  #modified: number | null = null;
  #epoch = 0;
  #polling: Promise<void> | null = null;
  #nextPoll: Promise<void> | null = null; // asked for while another is under way
  readonly #notice = new Notice();

  /** Starts before the first line; `poll()` reads. */
  constructor(path: string, listener: LineListener | null = null) {
    this.#path = path;
    this.#listener = listener;
  }

  /** Path of the file. */
  get path(): string {
    return this.#path;
  }

  /** Number of complete lines. */
  get lines(): number {
    return this.#lines;
  }

  /** Number of bytes in the complete lines. */
  get bytes(): number {
    return this.#bytes;
  }

  /** Whether the file was there once and is not now, as while its folder has another name. */
  get isGone(): boolean {
    return this.#isGone;
  }

  /** Time of the file's last change in milliseconds since 1970; null if it is not known. */
  get modified(): number | null {
    return this.#modified;
  }

  /** Counts how often the file was truncated or replaced: line numbers hold within one epoch only. */
  get epoch(): number {
    return this.#epoch;
  }

  /**
   * Reads what was appended since the last call, up to the moment of this one. A file that does not exist has
   * no lines; one that has been removed keeps those it had until another takes its place. Throws
   * Deno.errors.InvalidData for a line of more than 32 MiB, and the errors of reading.
   */
  poll(): Promise<void> {
    if (this.#polling === null) return this.#polling = this.#poll().finally(() => this.#polling = null);
    // The one under way may have looked at the file before its last lines were written.
    return this.#nextPoll ??= this.#polling.catch(() => {}).then(() => {
      this.#nextPoll = null;
      return this.poll();
    });
  }

  /** Resolves when lines were added or the file was truncated or replaced, or when the signal is aborted. */
  changed(signal: AbortSignal): Promise<void> {
    return this.#notice.wait(signal);
  }

  /** Returns the position after `line` lines, or the end if there are not so many. */
  async position(line: number): Promise<LinePosition> {
    const wanted = Math.max(0, Math.min(line, this.#lines));
    if (wanted === this.#lines) return { line: wanted, offset: this.#bytes };
    const start = this.#index[Math.floor(wanted / INDEXED)];
    let missing = wanted % INDEXED, offset = start;
    if (missing === 0) return { line: wanted, offset };
    using file = await openFile(this.#path);
    const chunk = new Uint8Array(CHUNK);
    await file.seek(start, Deno.SeekMode.Start);
    while (missing > 0) {
      const read = await file.read(chunk);
      if (read === null) break; // truncated meanwhile: the next poll notices
      for (let at = 0; at < read && missing > 0; at++) {
        offset++;
        if (chunk[at] === NEWLINE) missing--;
      }
    }
    return { line: wanted - missing, offset };
  }

  /**
   * Returns complete lines from a position on, about `CHUNK` bytes but at least one line, and the position
   * after them. Returns no lines at the end of the file, and where the file was truncated or replaced
   * meanwhile.
   */
  async read({ line, offset }: LinePosition): Promise<{ lines: string[]; next: LinePosition }> {
    const none = { lines: [], next: { line, offset } }, bytes = this.#bytes, epoch = this.#epoch;
    if (offset >= bytes || this.#isGone) return none;
    using file = await openFile(this.#path);
    for (let size = CHUNK;; size *= 2) {
      const chunk = await bytesAt(file, offset, Math.min(size, bytes - offset));
      if (this.#epoch !== epoch) return none; // a poll has noticed it
      const end = chunk.lastIndexOf(NEWLINE) + 1;
      if (end > 0) {
        const lines = linesOf(chunk.subarray(0, end));
        return { lines, next: { line: line + lines.length, offset: offset + end } };
      }
      if (chunk.length < size || size > LONGEST_LINE) return none;
    }
  }

  async #poll(): Promise<void> {
    const before = { lines: this.#lines, epoch: this.#epoch };
    const info = await infoOf(this.#path);
    const wasGone = this.#isGone;
    this.#isGone = info === null && this.#file !== null;
    if (info === null) return;
    this.#modified = info.modified;
    if (wasGone || info.size !== this.#bytes || info.file !== this.#file) await this.#readOn(info);
    if (wasGone || before.lines !== this.#lines || before.epoch !== this.#epoch) this.#notice.give();
  }

  async #readOn(info: { readonly file: string; readonly size: number }): Promise<void> {
    using file = await openFile(this.#path);
    const replaced = this.#file !== null && (info.file !== this.#file || info.size < this.#bytes);
    if (replaced || !await this.#hasGuard(file)) this.#reset(info.file);
    this.#file = info.file;
    let rest: Uint8Array = new Uint8Array(); // the beginning of a line
    for (let at = this.#bytes; at < info.size;) {
      const chunk = await bytesAt(file, at, Math.min(CHUNK, info.size - at));
      if (chunk.length === 0) break;
      at += chunk.length;
      rest = this.#take(rest.length === 0 ? chunk : joined(rest, chunk));
      if (rest.length <= LONGEST_LINE) continue;
      throw new Deno.errors.InvalidData(
        `Cannot follow ${this.#path}: line ${this.#lines + 1} is longer than ${LONGEST_LINE} bytes`,
      );
    }
  }

  /** Takes the complete lines at the start of `bytes` and returns what follows them. */
  #take(bytes: Uint8Array): Uint8Array {
    const end = bytes.lastIndexOf(NEWLINE) + 1;
    if (end === 0) return bytes;
    const whole = bytes.subarray(0, end);
    for (let at = whole.indexOf(NEWLINE); at >= 0; at = whole.indexOf(NEWLINE, at + 1)) {
      if (++this.#lines % INDEXED === 0) this.#index.push(this.#bytes + at + 1);
    }
    this.#bytes += end;
    this.#guard = joined(this.#guard, whole.subarray(-GUARD)).slice(-GUARD);
    if (this.#listener !== null) { for (const text of linesOf(whole)) this.#listener.line(text); }
    return bytes.slice(end);
  }

  async #hasGuard(file: Deno.FsFile): Promise<boolean> {
    const now = await bytesAt(file, this.#bytes - this.#guard.length, this.#guard.length);
    return now.length === this.#guard.length && now.every((byte, i) => byte === this.#guard[i]);
  }

  #reset(file: string): void {
    this.#index = [0];
    this.#lines = this.#bytes = 0;
    this.#guard = new Uint8Array();
    this.#file = file;
    this.#epoch++;
    this.#listener?.reset();
  }
}

async function infoOf(path: string): Promise<{ file: string; size: number; modified: number | null } | null> {
  try {
    const { dev, ino, size, mtime } = await fileInfo(path);
    return { file: `${dev} ${ino}`, size, modified: mtime?.getTime() ?? null };
  } catch (error) {
    if (error instanceof Deno.errors.NotFound) return null;
    throw error;
  }
}

/** Reads up to `size` bytes; fewer at the end of the file. */
async function bytesAt(file: Deno.FsFile, offset: number, size: number): Promise<Uint8Array> {
  const bytes = new Uint8Array(size);
  await file.seek(offset, Deno.SeekMode.Start);
  let filled = 0;
  while (filled < size) {
    const read = await file.read(bytes.subarray(filled));
    if (read === null) break;
    filled += read;
  }
  return bytes.subarray(0, filled);
}

function joined(a: Uint8Array, b: Uint8Array): Uint8Array {
  const both = new Uint8Array(a.length + b.length);
  both.set(a);
  both.set(b, a.length);
  return both;
}

function linesOf(bytes: Uint8Array): string[] {
  return new TextDecoder().decode(bytes).split("\n").slice(0, -1);
}
