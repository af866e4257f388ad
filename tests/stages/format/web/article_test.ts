/**
 * Tests the extraction of a page's main text. The pages are some that were made for each kind of boilerplate,
 * and real pages whose main text a person has marked.
 *
 * @module
 */
import { ok, strictEqual } from "node:assert/strict";
import { gunzipSync } from "node:zlib";
import { articleText } from "../../../../stages/format/web/article_text.ts";
import { sharedTest } from "../../../shared_data.ts";

const sentence = "The article goes on with a sentence that has commas, clauses, and enough words to count. ";
const paragraph = `<p>${sentence.repeat(4).trim()}</p>`;

function textWith(extra: string, { last = "" } = {}): string {
  return articleText(
    `<html><body><article>${paragraph}${paragraph}${extra}${paragraph}${paragraph}${last}</article></body></html>`,
  );
}

const plain = textWith("");

Deno.test("articleText() removes parts within an article that their structure or class marks as something else", () => {
  strictEqual(plain.split("\n\n").length, 4);
  for (
    const extra of [
      "<figure><img src='a.png'><figcaption>A bridge in the evening</figcaption></figure>",
      "<div class='main-photoCaption'>A bridge in the evening, seen from the north</div>",
      "<div class='share-bar'>Share this with your friends</div>",
      "<div id='cookieNotice cookie'>We use small files</div>",
      "<div>" + "<div class='teaser'><a href='/a'>A bridge that stands</a> in May</div>".repeat(3) + "</div>",
    ]
  ) strictEqual(textWith(extra), plain, extra);
});

Deno.test("articleText() removes lists of links after an article", () => {
  for (
    const last of [
      "<ul><li><a href='/a'>A bridge that stands</a></li><li><a href='/b'>One that fell</a></li></ul>",
    ]
  ) strictEqual(textWith("", { last }), plain, last);
});

Deno.test("articleText() keeps lists, tables, code, quotes, short lines and years in prose", () => {
  for (
    const [extra, text] of [
      ["<ul><li>One thing that counts</li><li>Another one</li></ul>", "One thing that counts\nAnother one"],
      ["<pre><code>let a  = 1;\nlet b = 2;</code></pre>", "let a  = 1;\nlet b = 2;"],
      ["<table><tr><td>1990</td><td>two bridges</td></tr></table>", "1990 two bridges"],
      ["<blockquote>It will hold, he said.</blockquote>", "It will hold, he said."],
      ["<p>Really.</p>", "Really."],
      ["<p>In May 1990 the bridge, which had been closed, was opened again.</p>", "In May 1990 the bridge"],
      [
        "<p>More than twenty bridges, <a href='/x'>a study</a> says, will need repairs soon.</p>",
        "More than twenty",
      ],
      [
        "<ul>" +
        "<li class='item'>The <a href='/x'>bridge</a> of the town, which was built by hand</li>".repeat(3) +
        "</ul>",
        "The bridge of the town, which was built by hand",
      ],
      ["<figure><pre>figure = code</pre></figure>", "figure = code"],
    ]
  ) ok(textWith(extra).includes(text), `${text} in: ${textWith(extra)}`);
});

Deno.test("articleText() reads pages nested 100,000 deep", () => {
  strictEqual(articleText(`${"<div>".repeat(100_000)}deep`), "deep");
});

sharedTest("articleText() has an F1 of 4-word shingles of at least 0.96 on 31 pages marked by a person", [
  "web/articles/ground-truth.json",
], async (path) => {
  const truth: Record<string, { articleBody: string }> = JSON.parse(
    await Deno.readTextFile(path("web/articles/ground-truth.json")),
  );
  const pages = Object.entries(truth);
  let precision = 0, recall = 0;
  for (const [id, { articleBody }] of pages) {
    const html = gunzipSync(
      await Deno.readFile(
        path(`web/articles/ground-truth.json`).replace("ground-truth.json", `${id}.html.gz`),
      ),
    );
    const found = shingles(articleText(new TextDecoder().decode(html))), wanted = shingles(articleBody);
    let both = 0, foundCount = 0, wantedCount = 0;
    for (const [shingle, count] of found) both += Math.min(count, wanted.get(shingle) ?? 0);
    for (const count of found.values()) foundCount += count;
    for (const count of wanted.values()) wantedCount += count;
    precision += foundCount === 0 ? 0 : both / foundCount;
    recall += both / wantedCount;
  }
  strictEqual(pages.length, 31);
  const f1 = 2 * precision * recall / (precision + recall) / pages.length;
  ok(f1 >= 0.96, `F1 ${f1}, precision ${precision / pages.length}, recall ${recall / pages.length}`);
});

/** Returns the number of occurrences of each run of four words. */
function shingles(text: string): Map<string, number> {
  const words = text.match(/[\p{L}\p{N}_]+/gu) ?? [];
  const counts = new Map<string, number>();
  for (let i = 0; i + 4 <= words.length; i++) {
    const shingle = words.slice(i, i + 4).join(" ");
    counts.set(shingle, (counts.get(shingle) ?? 0) + 1);
  }
  return counts;
}
