/**
 * JSON data inside an HTML page.
 *
 * @module
 */

/**
 * Returns JSON for `<script type="application/json">`, escaped so that HTML parsers find no tags or comments
 * in it.
 */
export function jsonInHtml(value: unknown): string {
  return JSON.stringify(value)
    .replaceAll("<", "\\u003c").replaceAll(">", "\\u003e").replaceAll("&", "\\u0026")
    .replaceAll("\u2028", "\\u2028").replaceAll("\u2029", "\\u2029");
}
