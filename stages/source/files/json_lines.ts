/**
 * JSON lines as documents, from wherever the bytes come: what files and standard input share.
 *
 * @module
 */
import { type BadLine, type JsonlPlace, readJsonl } from "../../format/text/jsonl.ts";
import type { Context } from "../../flow/stage.ts";
import type { Document } from "../../items.ts";
import { skipInput } from "./damage.ts";
import { documentFromRecord } from "./record.ts";

/** Documents of lines; `moved` is told of each line's end before what it gives or is lost. */
export async function* readJsonLines(
  bytes: AsyncIterable<Uint8Array<ArrayBuffer>>,
  { ctx, path, part = path, name = part, ends, state, moved, skips }: {
    readonly ctx: Context;
    readonly path: string;
    /** What lines are counted in, if that is not all of the file. */
    readonly part?: string;
    readonly name?: string;
    readonly ends?: (offset: number) => boolean;
    readonly state: { offset: number; line: number; noted?: true };
    readonly moved: (next: JsonlPlace) => void;
    readonly skips: boolean;
  },
): AsyncGenerator<Document> {
  const lose = (error: Error, line: number, reason: string): void => {
    skipInput(ctx, { error, path, id: `${part}:${line}`, reason, quiet: state.noted === true });
    state.noted = true;
  };
  const options = {
    name,
    ...(ends && { ends }),
    from: { offset: state.offset, line: state.line },
    ...(skips && {
      onBad: (error: Error, { line, next, reason }: BadLine): void => {
        moved(next);
        lose(error, line, reason);
      },
    }),
  };
  for await (const { value, line, next } of readJsonl(bytes, options)) {
    moved(next);
    const doc = documentFromRecord(value, { path, part, unit: "line", number: line });
    if (!(doc instanceof TypeError)) yield doc;
    else if (skips) lose(doc, line, "no_text");
    else throw doc;
  }
}
