/**
 * Turns the bytes of JSON lines into documents, for files and for standard input.
 *
 * @module
 */
import { type JsonlPosition, readJsonl, type UnreadableLine } from "../../format/text/jsonl.ts";
import type { Context } from "../../flow/stage.ts";
import type { Document } from "../../items.ts";
import { noteLostFields, skipRecord } from "./damage.ts";
import { documentFromRecord, type RecordKeys, recordsIn } from "./record.ts";

/** Where JSON lines come from and how they are read. */
export interface JsonLinesOptions extends RecordKeys {
  /** Context of the source. */
  readonly ctx: Context;
  /** Path of the file, which is stored in each document. */
  readonly path: string;
  /** The part of the file within which lines are counted (default: the whole file). */
  readonly part?: string;
  /** Name of the input in error messages (default: `part`). */
  readonly name?: string;
  /** Whether to stop before the line that begins at byte `offset` (default: read to the end). */
  readonly ends?: (offset: number) => boolean;
  /** Position of the first line, the number of its records that are done, and what has been noted. */
  readonly state: { offset: number; line: number; within?: number; noted?: true; lost?: string[] };
  /** Called after each line with the position of the next one, before the line's document is yielded. */
  readonly onMove: (next: JsonlPosition) => void;
  /** Whether unusable lines are skipped instead of causing an error. */
  readonly skips: boolean;
}

/**
 * The documents of each line: one, or those of `recordsIn`. Throws the same errors and drops the same lines
 * as `jsonlFile`.
 */
export async function* readJsonLines(
  bytes: AsyncIterable<Uint8Array<ArrayBuffer>>,
  {
    ctx,
    path,
    part = path,
    name = part,
    ends,
    state,
    onMove,
    skips,
    textKey,
    idKey,
    metadata,
    records: whole,
  }: JsonLinesOptions,
): AsyncGenerator<Document> {
  const skip = (error: Error, line: number, reason: string): void =>
    skipRecord(state, { ctx, error, path, id: `${part}:${line}`, reason });
  const options = {
    name,
    ...(ends && { ends }),
    from: { offset: state.offset, line: state.line },
    ...(skips && {
      onUnreadable: (error: Error, { line, next, reason }: UnreadableLine): void => {
        onMove(next);
        skip(error, line, reason);
      },
    }),
  };
  const reading = { textKey, idKey, metadata, records: whole, onLost: noteLostFields(state, { ctx, path }) };
  for await (const { value, line, next } of readJsonl(bytes, options)) {
    const records = recordsIn(value, reading), first = state.within ?? 0;
    if (records.length === 0) onMove(next);
    for (const [i, record] of records.entries()) {
      if (i < first) continue;
      const isLast = i + 1 === records.length, within = records.length === 1 ? undefined : i + 1;
      if (isLast) onMove(next);
      if (isLast) delete state.within;
      else state.within = i + 1;
      const doc = documentFromRecord(record, { path, part, unit: "line", number: line, within }, reading);
      if (!(doc instanceof TypeError)) yield doc;
      else if (skips) skip(doc, line, "no_text");
      else throw doc;
    }
  }
}
