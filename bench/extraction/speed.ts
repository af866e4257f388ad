/**
 * Measures how many of the marked pages are extracted per second of CPU time, all threads of the process
 * counted, so that other work on the machine does not matter. The second round has compiled code.
 *
 *   deno run --allow-read --allow-sys bench/extraction/speed.ts
 *
 * @module
 */
import process from "node:process";
import { articleText } from "../../stages/format/web/article_text.ts";
import { readMarkedPages } from "./marked_pages.ts";

const pages = readMarkedPages();
for (let round = 1; round <= 2; round++) {
  const before = process.cpuUsage();
  for (const { html } of pages) articleText(html);
  const { user, system } = process.cpuUsage(before);
  console.log(`Round ${round}: ${(pages.length / (user + system) * 1e6).toFixed(1)} pages per CPU second`);
}
