/**
 * A saved web page (.html, .htm) as one document: its main text.
 *
 * @module
 */
import { tryArticle } from "../../format/web/article_text.ts";
import { readUnpacked } from "../../format/packed/compressed.ts";
import type { Source } from "../../flow/stage.ts";
import type { Document } from "../../items.ts";
import { type DamageOptions, isDamage, skipInput, untilDamage } from "./damage.ts";
import { decodePage } from "./page_charset.ts";

const mostBytes = 1 << 26; // a page beyond 64 MiB is no page

/** What documents of pages hold. */
export interface PageOptions extends DamageOptions {
  /** Their main text, extracted at once (default), or the page in `html`, for `extract` to do that on workers. */
  readonly pages?: "text" | "html";
}

/** Whether a page has been read. */
export interface HtmlState {
  /** The one document has been given. */
  done: boolean;
}

/**
 * One document: the page's main text, or the page itself in `html`, decoded by what it says of its charset. Dropped:
 * `no_text`, and `broken` where the parser cannot take it. Throws RangeError beyond 64 MiB; with `damaged: "skip"` such
 * a page is dropped as `too_long`, and of one with broken packing what comes before is the page.
 */
export function htmlFile(
  path: string,
  { pages = "text", damaged = "refuse" }: PageOptions = {},
): Source<Document, HtmlState> {
  return {
    name: path,
    open: (_ctx, saved = { done: false }) => ({ ...saved }),
    async *read(state, ctx) {
      if (state.done) return;
      state.done = true;
      const onDamage = damaged === "skip" ? (error: Error) => skipInput(ctx, { error, path }) : null;
      let bytes: Uint8Array<ArrayBuffer>;
      try {
        bytes = await readPage(path, untilDamage(readUnpacked(path, { signal: ctx.signal }), onDamage));
      } catch (error) {
        if (damaged === "refuse" || !isDamage(error)) throw error;
        skipInput(ctx, { error, path, reason: "too_long" });
        return;
      }
      const html = decodePage(bytes, null);
      if (pages === "html") {
        yield { id: path, text: "", html, filePath: path };
        return;
      }
      const text = tryArticle(html);
      if (text) yield { id: path, text, filePath: path };
      else ctx.drop({ id: path, text: "", filePath: path }, text === null ? "broken" : "no_text");
    },
  };
}

async function readPage(
  path: string,
  chunks: AsyncIterable<Uint8Array<ArrayBuffer>>,
): Promise<Uint8Array<ArrayBuffer>> {
  const parts: Uint8Array<ArrayBuffer>[] = [];
  let size = 0;
  for await (const part of chunks) {
    parts.push(part);
    size += part.length;
    if (size > mostBytes) {
      throw new RangeError(
        `Cannot read ${path} as one page: it is longer than ${mostBytes} bytes: is it HTML`,
      );
    }
  }
  return new Uint8Array(await new Blob(parts).arrayBuffer());
}
