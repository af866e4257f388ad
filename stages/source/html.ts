/**
 * A saved web page (.html, .htm) as one document: its main text.
 *
 * @module
 */
import { articleText } from "../format/article_text.ts";
import { readUnpacked } from "../format/compressed.ts";
import type { Source } from "../flow/stage.ts";
import type { Document } from "../items.ts";
import { decodePage } from "./page_charset.ts";

const mostBytes = 1 << 26; // a page beyond 64 MiB is no page

/** What documents of pages hold. */
export interface PageOptions {
  /** Their main text, extracted at once (default), or the page in `html`, for `extract` to do that on workers. */
  readonly pages?: "text" | "html";
}

/** Whether a page has been read. */
export interface HtmlState {
  /** The one document has been given. */
  done: boolean;
}

/**
 * One document: the page's main text, or the page itself in `html`, decoded by what it says of its charset. Throws
 * RangeError beyond 64 MiB.
 */
export function htmlFile(path: string, { pages = "text" }: PageOptions = {}): Source<Document, HtmlState> {
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
      const html = decodePage(new Uint8Array(await new Blob(parts).arrayBuffer()), null);
      if (pages === "html") {
        yield { id: path, text: "", html, filePath: path };
        return;
      }
      const text = articleText(html);
      if (text !== "") yield { id: path, text, filePath: path };
    },
  };
}
