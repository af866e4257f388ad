/**
 * JSON lines on standard input as documents.
 *
 * @module
 */
import type { Source } from "../../flow/stage.ts";
import type { Document } from "../../items.ts";
import type { DamageOptions } from "./damage.ts";
import { readJsonLines } from "./json_lines.ts";

/** Position in standard input. */
export interface StandardInputState {
  /** Byte offset of the next line. */
  offset: number;
  /** Number of lines before the next line. */
  line: number;
  /** Set after the note about the first skipped line; further skipped lines are only counted. */
  noted?: true;
}

/**
 * One document per line. The id is the record's own, or "-:line" if it has none. A resumed run must be given
 * the same input from its start; the lines that were read before are skipped. Throws the same errors and
 * drops the same lines as `jsonlFile`.
 */
export function standardInput(
  input: ReadableStream<Uint8Array<ArrayBuffer>> = Deno.stdin.readable,
  { damaged = "refuse" }: DamageOptions = {},
): Source<Document, StandardInputState> {
  return {
    name: "-",
    open: (_ctx, saved = { offset: 0, line: 0 }) => ({ ...saved }),
    async *read(state, ctx) {
      yield* readJsonLines(skipBytes(state.offset, input), {
        ctx,
        path: "-",
        name: "standard input",
        state,
        onMove: (next) => Object.assign(state, next),
        skips: damaged === "skip",
      });
    },
  };
}

async function* skipBytes(
  offset: number,
  chunks: AsyncIterable<Uint8Array<ArrayBuffer>>,
): AsyncGenerator<Uint8Array<ArrayBuffer>> {
  let left = offset;
  for await (const chunk of chunks) {
    const skipped = Math.min(left, chunk.length);
    left -= skipped;
    if (skipped < chunk.length) yield chunk.subarray(skipped);
  }
}
