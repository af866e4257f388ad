/**
 * How long a text is, whatever its script, and whether a segment reads as prose.
 *
 * @module
 */
import type { Segment } from "./segments.ts";

/** Returns whether a segment reads as prose: long enough, with few links. */
export function isProse(segment: Segment): boolean {
  return weightOf(segment.text) >= 80 && segment.linked < 0.35 * segment.text.length;
}

/** Returns the length of a text; a character of a script without spaces counts as three. */
export function weightOf(text: string): number {
  let wide = 0;
  for (let i = 0; i < text.length; i++) {
    const code = text.charCodeAt(i);
    if (code >= 0x2e80 && code < 0xfb00 || code >= 0x0e00 && code < 0x0f00) wide++;
  }
  return text.length + 2 * wide;
}
