/**
 * JSON lines as documents, from wherever the bytes come: what files and standard input share.
 *
 * @module
 */
import { type BadLine, type JsonlPlace, readJsonl } from "../format/jsonl.ts";
import type { Context } from "../flow/stage.ts";
import type { Document } from "../items.ts";
import { passOver } from "./damage.ts";
import { tryDocument } from "./row.ts";

/** Documents of lines; `moved` is told of each line's end before what it gives or is lost. */
export async function* readRows(
  bytes: AsyncIterable<Uint8Array<ArrayBuffer>>,
  { ctx, path, name = path, state, moved, skips }: {
    readonly ctx: Context;
    readonly path: string;
    readonly name?: string;
    readonly state: { offset: number; line: number; noted?: true };
    readonly moved: (next: JsonlPlace) => void;
    readonly skips: boolean;
  },
): AsyncGenerator<Document> {
  const lose = (error: Error, line: number, reason: string): void => {
    passOver(ctx, { error, path, id: `${path}:${line}`, reason, quiet: state.noted === true });
    state.noted = true;
  };
  const options = {
    name,
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
    const doc = tryDocument(value, { path, unit: "line", number: line });
    if (!(doc instanceof TypeError)) yield doc;
    else if (skips) lose(doc, line, "no_text");
    else throw doc;
  }
}
