/**
 * JSON lines on standard input as documents.
 *
 * @module
 */
import { createHash } from "node:crypto";
import type { Source } from "../../flow/stage.ts";
import type { Document } from "../../items.ts";
import type { DamageOptions } from "./damage.ts";
import { readJsonLines } from "./json_lines.ts";
import type { RecordKeys } from "./record.ts";

/** Position in standard input. */
export interface StandardInputState {
  /** Byte offset of the next line. */
  offset: number;
  /** Number of lines before the next line. */
  line: number;
  /** Number of records of that line that have been read; absent for 0. */
  within?: number;
  /**
   * Hash of the bytes before `offset`, at most of the first 64 KiB; absent in checkpoints of earlier
   * versions.
   */
  start?: string;
  /** Set after the note about the first skipped line; further skipped lines are only counted. */
  noted?: true;
  /** Names of fields that have been noted as left out. */
  lost?: string[];
}

/**
 * One document per line. The id is the record's own, or "-:line" if it has none. A resumed run must be given
 * the same input from its start; the lines that were read before are skipped. Throws Deno.errors.InvalidData
 * if the input begins differently or is shorter than the lines read before. Throws the same errors and drops
 * the same lines as `jsonlFile`.
 */
export function standardInput(
  input: ReadableStream<Uint8Array<ArrayBuffer>> = Deno.stdin.readable,
  { damaged = "refuse", ...keys }: DamageOptions & RecordKeys = {},
): Source<Document, StandardInputState> {
  const head = new StreamHead();
  return {
    name: "-",
    open: (_ctx, saved = { offset: 0, line: 0 }) => ({ ...saved }),
    async *read(state, ctx) {
      yield* readJsonLines(skipBytes(head.of(input), { head, expected: { ...state } }), {
        ctx,
        path: "-",
        name: "standard input",
        state,
        onMove: (next) => Object.assign(state, next),
        skips: damaged === "skip",
        textKey: keys.textKey,
        idKey: keys.idKey,
        metadata: keys.metadata,
        records: keys.records,
      });
    },
    save: (state) => ({ ...state, ...(head.isOpen && { start: head.hash(state.offset) }) }),
  };
}

/** Passes the chunks of a stream on, and remembers its first 64 KiB. */
class StreamHead {
  readonly #bytes = new Uint8Array(1 << 16);
  #length = 0;
  #open = false;

  /** Whether the stream has been opened, so that its head is known. */
  get isOpen(): boolean {
    return this.#open;
  }

  /** Hash of the first `count` bytes, or of the head if it is shorter. */
  hash(count: number): string {
    const bytes = this.#bytes.subarray(0, Math.min(count, this.#length));
    return createHash("sha256").update(bytes).digest("hex");
  }

  async *of(chunks: AsyncIterable<Uint8Array<ArrayBuffer>>): AsyncGenerator<Uint8Array<ArrayBuffer>> {
    this.#open = true;
    for await (const chunk of chunks) {
      const part = chunk.subarray(0, this.#bytes.length - this.#length);
      this.#bytes.set(part, this.#length);
      this.#length += part.length;
      yield chunk;
    }
  }
}

/** Skips the bytes before `offset` and compares them with the hash that was saved for them. */
async function* skipBytes(
  chunks: AsyncIterable<Uint8Array<ArrayBuffer>>,
  { head, expected: { offset, start } }: {
    readonly head: StreamHead;
    readonly expected: Pick<StandardInputState, "offset" | "start">;
  },
): AsyncGenerator<Uint8Array<ArrayBuffer>> {
  let left = offset;
  for await (const chunk of chunks) {
    const skipped = Math.min(left, chunk.length);
    left -= skipped;
    if (left > 0) continue;
    if (skipped > 0) checkStart(head.hash(offset), start);
    if (skipped < chunk.length) yield chunk.subarray(skipped);
  }
  if (left === 0) return;
  throw new Deno.errors.InvalidData(
    `Cannot resume in standard input: it ends after ${
      offset - left
    } of the ${offset} bytes that were read before: ` +
      `give the same input again, from its start`,
  );
}

function checkStart(now: string, saved: string | undefined): void {
  if (saved === undefined || saved === now) return;
  throw new Deno.errors.InvalidData(
    "Cannot resume in standard input: it begins otherwise than before: give the same input again, from its start",
  );
}
