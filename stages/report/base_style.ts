/**
 * The base style sheet of all pages that the program writes: light and dark colours, sizes and fonts.
 *
 * @module
 */

/** The style sheet's content, to be put into a page. */
export async function baseStyle(): Promise<string> {
  return await Deno.readTextFile(new URL("./base.css", import.meta.url));
}
