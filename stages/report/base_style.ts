/**
 * What all pages that the program writes look like: colours in light and dark, measures, type.
 *
 * @module
 */

/** The style sheet's text, to be inlined. */
export async function baseStyle(): Promise<string> {
  return await Deno.readTextFile(new URL("./base.css", import.meta.url));
}
