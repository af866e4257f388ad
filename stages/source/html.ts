/**
 * A saved web page (.html, .htm) as one document: its main text.
 *
 * @module
 */
import { readUnpacked } from "../format/compressed.ts";
import type { Source } from "../flow/stage.ts";
import type { Document } from "../items.ts";
import { articleText } from "./page_text.ts";
import { decodePage } from "./page_charset.ts";

const mostBytes = 1 << 26; // a page beyond 64 MiB is no page

/** Whether a page has been read. */
export interface HtmlState {
  /** The one document has been given. */
  done: boolean;
}

/** One document: the page's main text, decoded by what it says of its charset. Throws RangeError beyond 64 MiB. */
export function htmlFile(path: string): Source<Document, HtmlState> {
  return {
    name: path,
    open: (_ctx, saved = { done: false }) => ({ ...saved }),
    async *read(state, ctx) {
      if (state.done) return;
      const parts: Uint8Array<ArrayBuffer>[] = [];
      let size = 0;
      for await (const part of readUnpacked(path, { signal: ctx.signal })) {
        parts.push(part);
        size += part.length;
        if (size > mostBytes) {
          throw new RangeError(
            `Cannot read ${path} as one page: it is longer than ${mostBytes} bytes: is it HTML`,
          );
        }
      }
      state.done = true;
      const text = articleText(decodePage(new Uint8Array(await new Blob(parts).arrayBuffer()), null));
      if (text !== "") yield { id: path, text, filePath: path };
    },
  };
}
