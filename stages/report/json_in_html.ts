/**
 * Data inside a page.
 *
 * @module
 */

/** JSON that no HTML parser sees a tag, comment or line separator in, for `<script type="application/json">`. */
export function jsonInHtml(value: unknown): string {
  return JSON.stringify(value)
    .replaceAll("<", "\\u003c").replaceAll(">", "\\u003e").replaceAll("&", "\\u0026")
    .replaceAll("\u2028", "\\u2028").replaceAll("\u2029", "\\u2029");
}
