/**
 * Tests of kinds of pages on which extractors lose or garble text, each reported for some program.
 *
 * @module
 */
import { deepStrictEqual, ok, strictEqual } from "node:assert/strict";
import { articleText } from "../../../../../stages/format/web/article_text.ts";
import { featureNames } from "../../../../../stages/format/web/html/features.ts";
import { PageElement } from "../../../../../stages/format/web/html/node.ts";
import type { Segment } from "../../../../../stages/format/web/html/segments.ts";
import { keptSegments } from "../../../../../stages/format/web/html/select_segments.ts";
import { pageText } from "../../../../../stages/format/web/page_text.ts";

const prose = "The river flows slowly past the old harbour, where the boats lie until the morning comes.";
const around = (inner: string) =>
  articleText(`<!DOCTYPE html><article><p>${prose}</p>${inner}<p>${prose}</p></article>`);

/** Returns what stands between the two paragraphs. */
function between(inner: string): string {
  const text = around(inner);
  ok(text.startsWith(prose) && text.endsWith(prose), text);
  return text.slice(prose.length, -prose.length).trim();
}

Deno.test("articleText() keeps lists of titles with years, and sections with ids that repeat their heading", () => {
  const films = Array.from({ length: 8 }, (_, i) => `Film number ${i} (${1940 + i})`);
  strictEqual(between(`<ul>${films.map((film) => `<li>${film}</li>`).join("")}</ul>`), films.join("\n"));
  const names = [
    "Introduction",
    "Related work",
    "Popular methods",
    "Social impact",
    "Share of cost",
    "Comments",
    "Author notes",
  ];
  const text = articleText(
    `<main>${
      names.map((name) =>
        `<section id="${name.toLowerCase().replace(" ", "-")}"><h2>${name}</h2>${
          `<p>${prose}</p>`.repeat(3)
        }</section>`
      ).join("")
    }</main>`,
  );
  strictEqual(text.split(prose).length - 1, 21);
  for (const name of names) ok(text.includes(name), name);
});

Deno.test("articleText() and pageText() read pages that omit tags", () => {
  const wanted = `Harbour\n\n${prose}\n\n${prose}`;
  for (
    const head of [
      "<html><head><title>T</title><body>",
      "<title>T</title>",
      "<!DOCTYPE html><meta charset=utf-8>",
      "<head><title>T</title>",
    ]
  ) {
    strictEqual(articleText(`${head}<h1>Harbour</h1><p>${prose}<p>${prose}`), wanted, head);
  }
  strictEqual(pageText("<!DOCTYPE html><html><body><p>Hello there.</p></body></html>"), "Hello there.");
});

Deno.test("articleText() reads 1,500 nested elements after a DOCTYPE, the texts beyond the limit apart", () => {
  const text = articleText(
    `<!DOCTYPE html>${Array.from({ length: 1500 }, (_, i) => `<div>Text ${i}.`).join("")}`,
  );
  strictEqual(text, Array.from({ length: 1500 }, (_, i) => `Text ${i}.`).join("\n"));
});

Deno.test("articleText() writes code as a browser shows it", () => {
  strictEqual(
    between("<pre>def f(x):\n    if x:\n        return 1\n\n\n    return 2</pre>"),
    "def f(x):\n    if x:\n        return 1\n\n\n    return 2",
  );
  strictEqual(between("<pre><span>a(</span><span>1)</span>\n<span>    b</span></pre>"), "a(1)\n    b");
  strictEqual(
    between("<pre><div>for i:</div><div>    a()</div><div>        b()</div></pre>"),
    "for i:\n    a()\n        b()",
  );
  strictEqual(
    between("<pre><code><div><span>x</span></div>\n<div><span>  y</span></div></code></pre>"),
    "x\n  y",
  );
  strictEqual(between("<pre>one<br>  two<br>\n    three</pre>"), "one\n  two\n\n    three");
  strictEqual(between("<figure class=highlight><pre>a = 1</pre></figure>"), "a = 1");
});

Deno.test("articleText() writes a formula once, as TeX where the page has it", () => {
  const math = (tex: string) =>
    `<math><semantics><mrow><mi>E</mi><mo>=</mo><mi>m</mi></mrow>${tex}</semantics></math>`;
  const annotation = '<annotation encoding="application/x-tex">E=mc^2</annotation>';
  strictEqual(between(`<p>Thus ${math(annotation)} holds.</p>`), "Thus E=mc^2 holds.");
  strictEqual(between(`<p>Thus ${math("")} holds.</p>`), "Thus E=m holds.");
  strictEqual(between('<p>Thus <math alttext="x^2"><mi>x</mi></math> holds.</p>'), "Thus x^2 holds.");
  strictEqual(
    between(
      `<p>Thus <span class="katex"><span class="katex-mathml">${
        math(annotation)
      }</span><span class="katex-html" aria-hidden="true">E=mc2</span></span> holds.</p>`,
    ),
    "Thus E=mc^2 holds.",
  );
  strictEqual(
    between(
      `<p>Thus <span class="mwe-math-element"><span style="display: none;">${
        math(annotation.replace("E=mc^2", "{\\displaystyle y}"))
      }</span><img alt="{\\displaystyle y}"></span> holds.</p>`,
    ),
    "Thus y holds.",
  );
  strictEqual(
    between('<p>Thus <script type="math/tex">\\frac{a}{b}</script> holds.</p>'),
    "Thus \\frac{a}{b} holds.",
  );
});

Deno.test("articleText() takes what is hidden, in templates, in comments or stated in JSON-LD where a page shows nothing", () => {
  const text = `<p>${prose}</p><p>${prose}</p>`, wanted = `${prose}\n\n${prose}`;
  strictEqual(articleText(`<body style="display:none">${text}`), wanted);
  strictEqual(articleText(`<p>Loading</p><script type="text/template">${text}</script>`), wanted);
  strictEqual(articleText(`<!--[if IE]> <body>${text}`), wanted);
  const body = JSON.stringify({ "@graph": [{ "@type": "NewsArticle", articleBody: `${prose} ${prose}` }] });
  strictEqual(
    articleText(`<script type="application/ld+json">${body}</script><p>Subscribe.</p>`),
    `${prose} ${prose}`,
  );
  strictEqual(
    articleText(`<p>${prose}</p><p hidden>Not shown.</p><p style="display: none">Nor this.</p>`),
    prose,
  );
});

Deno.test("articleText() keeps comments only when asked, and more or less in doubt", () => {
  const comments =
    `<div id="comments"><h3>2 comments</h3><ol class="comment-list"><li class="comment"><p>${"I was there in spring and saw the boats, all of them blue. "}</p></li><li class="comment"><p>${"My uncle owned one of these boats, and sold it in the end. "}</p></li></ol></div>`;
  const menu = `<nav><ul>${"<li><a href=/>Home page</a>".repeat(5)}</ul></nav>`;
  const page = `<body>${menu}<article>${`<p>${prose} ${prose}</p>`.repeat(6)}</article>${comments}`;
  ok(!articleText(page).includes("uncle"));
  ok(articleText(page, { comments: true }).includes("uncle"));
  ok(!articleText(page, { comments: true }).includes("Home page"));
  const figure =
    "<figure><blockquote>Said.</blockquote><figcaption>A boat of the river</figcaption></figure>";
  const doubtful = `<body>${menu}<div>${figure}${`<p>${prose} ${prose}</p>`.repeat(6)}</div>`;
  const kept = (["precision", "balanced", "recall"] as const).map((favor) => {
    const text = articleText(doubtful, { favor });
    return ["Said.", "A boat of the river"].filter((part) => text.includes(part)).length;
  });
  deepStrictEqual(kept, [0, 1, 2]);
});

Deno.test("articleText() writes Markdown when asked", () => {
  const page =
    `<article><h1>Title</h1><p>${prose} <code>f()</code></p><ul><li>one<li>two<ul><li>inner</ul></ul>` +
    `<ol><li>first<li>second</ol><pre>a\n  b</pre><blockquote><p>Said.</blockquote>` +
    `<table><tr><th>A<th>B<tr><td>1<td>2|3</table><p>${prose}</p></article>`;
  strictEqual(
    articleText(page, { markup: "markdown" }),
    `# Title\n\n${prose} \`f()\`\n\n- one\n- two\n\n  - inner\n\n1. first\n2. second\n\n\`\`\`\na\n  b\n\`\`\`\n\n> Said.\n\n` +
      `| A | B |\n| --- | --- |\n| 1 | 2\\|3 |\n\n${prose}`,
  );
});

Deno.test("keptSegments() keeps the best of 130,000 links where none is good enough", () => {
  const count = 130_000, block = new PageElement("p"), width = featureNames.length;
  const link: Segment = { text: "b", block, join: "gap", linked: 1, links: 1, bold: 0, verbatim: false };
  const rows = new Float32Array(count * width);
  for (let i = 0; i < count; i++) rows[i * width + featureNames.indexOf("linkShare")] = 1;
  const scores = new Float64Array(count).fill(-6).with(7, -2);
  const kept = keptSegments(Array.from({ length: count }, () => link), { scores, rows, threshold: 0 });
  deepStrictEqual([kept.indexOf(true), kept.lastIndexOf(true)], [7, 7]);
});
