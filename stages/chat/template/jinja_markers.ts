/**
 * Marks the beginning and end of `{% generation %}` blocks in the result of a Jinja template.
 *
 * @module
 */
import type { Span } from "./masked_text.ts";

/** Characters that the template writes where a block begins and ends. */
export interface Markers {
  readonly begin: string;
  readonly end: string;
}

/** Returns whether a template has `{% generation %}` blocks. */
export function hasGenerationBlocks(template: string): boolean {
  return /\{%[-+]?\s*generation\s*[-+]?%\}/.test(template);
}

/**
 * Returns the template with a marker at each end of a block. A marker stands between two tags, so that the
 * whitespace around the block is treated as before.
 */
export function withMarkers(template: string, { begin, end }: Markers): string {
  return template
    .replace(
      /\{%([-+]?)\s*generation\s*([-+]?)%\}/g,
      (_, left, right) => `{%${left} if true %}{{ '${begin}' }}{% if true ${right}%}`,
    )
    .replace(
      /\{%([-+]?)\s*endgeneration\s*([-+]?)%\}/g,
      (_, left, right) => `{%${left} endif %}{{ '${end}' }}{% endif ${right}%}`,
    );
}

/** Removes the markers from a text. Returns the spans between them. Throws RangeError if they do not pair. */
export function takeMarkers(
  text: string,
  { begin, end }: Markers,
): { readonly text: string; readonly spans: readonly Span[] } {
  const spans: Span[] = [];
  let out = "", start: number | null = null;
  for (const piece of text.split(new RegExp(`([${begin}${end}])`, "u"))) {
    if (piece !== begin && piece !== end) {
      out += piece;
      continue;
    }
    if ((piece === begin) !== (start === null)) {
      throw new RangeError("its {% generation %} blocks are inside each other");
    }
    if (start === null) start = out.length;
    else {
      spans.push({ start, end: out.length });
      start = null;
    }
  }
  if (start !== null) throw new RangeError("a {% generation %} block does not end");
  return { text: out, spans };
}
