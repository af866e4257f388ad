/**
 * JSON lines on standard input as documents.
 *
 * @module
 */
import { readJsonl } from "../format/jsonl.ts";
import type { Source } from "../flow/stage.ts";
import type { Document } from "../items.ts";
import { documentOf } from "./row.ts";

/** Records read so far. */
export interface StandardInputState {
  /** Lines with a record on them. */
  read: number;
}

/**
 * One document a line, ids as in the record, else "-:line". Standard input cannot go back: a run that goes on must be
 * given the same lines from the start, and those already read are skipped.
 */
export function standardInput(
  input: ReadableStream<Uint8Array<ArrayBuffer>> = Deno.stdin.readable,
): Source<Document, StandardInputState> {
  return {
    name: "-",
    open: (_ctx, saved = { read: 0 }) => ({ ...saved }),
    async *read(state) {
      let number = 0;
      for await (const { value, line } of readJsonl(input, { name: "standard input" })) {
        if (++number <= state.read) continue;
        state.read = number;
        yield documentOf(value, { path: "-", unit: "line", number: line });
      }
    },
  };
}
