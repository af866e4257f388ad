/**
 * A saved web page (.html, .htm) as one document: its main text.
 *
 * @module
 */
import { tryArticle } from "../../format/web/article_text.ts";
import { readUnpacked } from "../../format/packed/packed_file.ts";
import type { Source } from "../../flow/stage.ts";
import type { Document } from "../../items.ts";
import { type DamageOptions, isDamage, skipInput, untilDamage } from "./damage.ts";
import { isBinaryText } from "../../format/web/binary_text.ts";
import { decodePage } from "../../format/web/charset/decode_page.ts";

const maxPageBytes = 1 << 26; // 64 MiB: a longer file is very unlikely to be a web page

/** How documents are made from web pages. */
export interface PageOptions extends DamageOptions {
  /**
   * `text` (default): the source extracts the main text itself. `html`: documents carry the page in `html`,
   * so that the stage `extract` can do the slow extraction of the text on several workers.
   */
  readonly pages?: "text" | "html";
  /**
   * Whether the pages of an archive's responses with a status other than 2xx are kept, such as "Not Found"
   * (default `drop`).
   */
  readonly httpErrors?: "keep" | "drop";
}

/** Position in a file that holds one page. */
export interface HtmlState {
  /** Whether the document has been yielded. */
  done: boolean;
}

/**
 * Returns one document: the main text of the page, or the page itself in `html`. The charset is the one that
 * the page declares. A page is dropped as `no_text` if it has no text, as `binary` if it is no text, and as
 * `broken` if the parser fails on it. Throws RangeError for a page longer than 64 MiB; with `damaged: "skip"`
 * it is dropped as `too_long`. With `skip`, a page whose compressed data is damaged is read up to the damage.
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
      if (isBinaryText(html)) {
        ctx.drop({ id: path, text: "", filePath: path }, "binary");
        return;
      }
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
    if (size > maxPageBytes) {
      throw new RangeError(
        `Cannot read ${path} as one page: it is longer than ${maxPageBytes} bytes: check that it is HTML`,
      );
    }
  }
  return new Uint8Array(await new Blob(parts).arrayBuffer());
}
