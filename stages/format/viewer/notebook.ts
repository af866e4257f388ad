/**
 * What values show in a notebook. If a cell ends with a value, Deno's kernel calls the value's method
 * `Symbol.for("Jupyter.display")`, and the notebook shows the richest of the forms that it returns.
 *
 * @module
 */

/** Key of the method that a notebook calls. */
export const jupyterDisplay: unique symbol = Symbol.for("Jupyter.display");

/** The same content as HTML and as plain text; the keys are MIME types. */
export interface MimeBundle {
  /** For frontends that cannot show HTML, such as a terminal. */
  readonly "text/plain": string;
  /** HTML without scripts; readable on light and dark pages. */
  readonly "text/html": string;
}

/** A value that a notebook shows as more than its fields. */
export interface NotebookDisplay {
  /** Returns the forms of the value that a notebook can show. */
  [jupyterDisplay](): MimeBundle | Promise<MimeBundle>;
}

/** Returns the text escaped for HTML content and attributes. */
export function escaped(text: string): string {
  return text.replaceAll("&", "&amp;").replaceAll("<", "&lt;").replaceAll(">", "&gt;").replaceAll(
    '"',
    "&quot;",
  );
}
