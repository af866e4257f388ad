/// <reference lib="dom" />
/**
 * Colours of the page for what is drawn on a canvas, which styles do not reach.
 *
 * @module
 */

/** Calls `draw` when the page's scheme changes between light and dark. Returns a function that ends that. */
export function onSchemeChange(draw: () => void): () => void {
  const dark = matchMedia("(prefers-color-scheme: dark)");
  dark.addEventListener("change", draw);
  return () => dark.removeEventListener("change", draw);
}

/** Returns the colour that the page's style has under a name now, in its light or dark scheme. */
export function colorOf(name: string): string {
  return getComputedStyle(document.documentElement).getPropertyValue(`--${name}`).trim();
}
