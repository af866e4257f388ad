/**
 * JSON data inside an HTML page.
 *
 * @module
 */
import { encodeNumbers } from "../flow/event_json.ts";

/**
 * Returns JSON for `<script type="application/json">`, escaped so that HTML parsers find no tags or comments
 * in it. Numbers that JSON lacks are written as in metrics.jsonl.
 */
export function jsonInHtml(value: unknown): string {
  return encodeNumbers(value)
    .replaceAll("<", "\\u003c").replaceAll(">", "\\u003e").replaceAll("&", "\\u0026")
    .replaceAll("\u2028", "\\u2028").replaceAll("\u2029", "\\u2029");
}
