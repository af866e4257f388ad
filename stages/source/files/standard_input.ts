/**
 * JSON lines on standard input as documents.
 *
 * @module
 */
import type { Source } from "../../flow/stage.ts";
import type { Document } from "../../items.ts";
import type { DamageOptions } from "./damage.ts";
import { readJsonLines } from "./json_lines.ts";

/** What has been read so far. */
export interface StandardInputState {
  /** Bytes before the next line. */
  offset: number;
  /** Lines before it. */
  line: number;
  /** A line was passed over with a note: others are only counted. */
  noted?: true;
}

/**
 * One document a line, ids as in the record, else "-:line". Standard input cannot go back: a run that goes on must be
 * given the same lines from the start, and those already read are skipped. Throws and drops as `jsonlFile`.
 */
export function standardInput(
  input: ReadableStream<Uint8Array<ArrayBuffer>> = Deno.stdin.readable,
  { damaged = "refuse" }: DamageOptions = {},
): Source<Document, StandardInputState> {
  return {
    name: "-",
    open: (_ctx, saved = { offset: 0, line: 0 }) => ({ ...saved }),
    async *read(state, ctx) {
      yield* readJsonLines(after(state.offset, input), {
        ctx,
        path: "-",
        name: "standard input",
        state,
        moved: (next) => Object.assign(state, next),
        skips: damaged === "skip",
      });
    },
  };
}

async function* after(
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
