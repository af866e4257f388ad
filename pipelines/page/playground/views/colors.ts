/// <reference lib="dom" />
/**
 * Colours of the page for what is drawn on a canvas, which styles do not reach.
 *
 * @module
 */

/** Returns the colour that the page's style has under a name now, in its light or dark scheme. */
export function colorOf(name: string): string {
  return getComputedStyle(document.documentElement).getPropertyValue(`--${name}`).trim();
}
