/**
 * Reads pages that take a quadratic program many minutes: in a process of its own, which its test kills.
 *
 * @module
 */
import { articleText } from "../../../../../stages/format/web/article_text.ts";
import { parsePage } from "../../../../../stages/format/web/html/parse_page.ts";

const n = 50_000;
const pages = [
  "<div>".repeat(n),
  "<!DOCTYPE html>" + "<p><b>".repeat(n),
  Array.from({ length: n }, (_, i) => `<b id=${i}><p>`).join(""),
  "<a href=x>".repeat(n),
  `<p ${Array.from({ length: n }, (_, i) => `a${i}`).join(" ")}>x`,
  "<table>".repeat(n),
  "<table><tr>" + "x<td>".repeat(n),
  "<svg>" + "<g>".repeat(n),
  "</p>".repeat(n),
  "<b></i>".repeat(n),
  "<select><option>".repeat(n),
  "<".repeat(n) + "<!--".repeat(n),
];
for (const page of pages) {
  if (parsePage(page).children.length === 0) throw new Error(`no tree of ${page.slice(0, 40)}`);
}
// Every level has a text, and a text has all levels around it.
const nested = Array.from({ length: 20_000 }, (_, i) => `<div>Text ${i}.`).join("");
if (!articleText(`<!DOCTYPE html>${nested}`).endsWith("Text 19999.")) throw new Error("no text");
console.log(`${pages.length + 1} pages`);
