/**
 * Source code and preformatted text as HTML.
 *
 * @module
 */
import stringWidth from "string-width";
import { importPackage } from "../../stages/disk/packages.ts";
import { escaped } from "../../stages/format/viewer/notebook.ts";
import type { CodeItem } from "./item.ts";
import { readRegion } from "./source_code.ts";

/** Returns a code item as HTML: its place in the source, which is a link, and its lines. */
export async function codeHtml(
  { file, name }: CodeItem,
  linkTo: (file: string) => string,
): Promise<string> {
  const { lines: [first, last], text } = await readRegion({ file, name });
  const rows = (await highlightedLines(text)).map(({ indent, html }) =>
    `<span class="row" style="--indent:${indent}ch">${html || " "}</span>`
  );
  return `<figure class="code"><figcaption><a href="${escaped(linkTo(file))}">${
    escaped(file)
  }</a>, lines ${first} to ${last}</figcaption><pre><code>${rows.join("")}</code></pre></figure>`;
}

/** Kinds of tokens that have a colour of their own. */
const coloured = new Set(["keyword", "string", "comment", "class"]);

/**
 * Returns the lines of TypeScript as HTML, each without its indentation, which is given in characters.
 * Keywords, strings, comments and types are in elements of these classes.
 */
async function highlightedLines(text: string): Promise<{ readonly indent: number; readonly html: string }[]> {
  const { highlight } = await importPackage("sugar-high");
  const lines = text.split("\n");
  const marked = highlight(text).split("\n").map((line) =>
    line.replace(/^<span class="sh__line[^>]*>|<\/span>$/g, "")
      .replace(
        /<span class="sh__token--(\w+)"[^>]*>([^<]*)<\/span>/g,
        (_, kind: string, token: string) =>
          coloured.has(kind) && token !== "" ? `<span class="${kind}">${token}</span>` : token,
      )
  );
  return lines.map((line, i) => {
    const indent = /^ */.exec(line)?.[0].length ?? 0;
    return { indent, html: marked[i].replace(/^((?:<span[^>]*>)?) +/, "$1") };
  });
}

/**
 * Returns preformatted text as HTML in which each character has the width that it has in a terminal: wide
 * characters take two columns, whatever the fonts.
 */
export function preformatted(text: string): string {
  // deno-lint-ignore no-control-regex
  if (/^[\x00-\x7f]*$/.test(text)) return escaped(text);
  return Array.from(new Intl.Segmenter().segment(text), ({ segment }) => {
    // deno-lint-ignore no-control-regex
    if (/^[\x00-\x7f]*$/.test(segment)) return escaped(segment);
    return `<span class="w${Math.max(1, stringWidth(segment))}">${escaped(segment)}</span>`;
  }).join("");
}
