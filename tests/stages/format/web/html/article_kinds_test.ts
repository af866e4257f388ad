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

Deno.test("articleText() keeps the white space that a style keeps, on any element, and no other", () => {
  const lines = ["if a:", "    b = 2", "", "        c  = 3"], code = lines.join("\n");
  for (
    const style of ["white-space: pre", "color:red;WHITE-SPACE:pre-wrap", "white-space-collapse: preserve"]
  ) {
    strictEqual(between(`<div style="${style}">${code}</div>`), code, style);
    strictEqual(between(`<table>${rows(lines.slice(0, 2), `style="${style}"`)}</table>`), "if a:\n    b = 2");
  }
  strictEqual(
    between(`<table>${rows(lines.slice(0, 2), "", "data-line-number=1")}</table>`),
    "if a:\n    b = 2",
  );
  strictEqual(between('<div style="white-space: pre-line">a   b\n   c</div>'), "a b\nc");
  strictEqual(between('<pre style="white-space: normal">a   b\n   c</pre>'), "a b c");
  strictEqual(
    between('<p>one <span style="white-space: pre-wrap">two  three</span>\nfour</p>'),
    "one two  three four",
  );
  strictEqual(
    between('<pre>a\n  <span style="white-space: nowrap">b   c</span>\n  d</pre>'),
    "a\n  b c\n  d",
  );
});

/** Rows of a table of code, each line beside a cell with `number` as its attribute. */
function rows(lines: readonly string[], line: string, number = ""): string {
  return lines.map((text) => `<tr><td ${number}></td><td ${line}>${text}</td></tr>`).join("");
}

Deno.test("articleText() leaves out the numbers beside lines of code, and no other numbers", () => {
  const code = "a = 1\nif a:\n    b = 2";
  strictEqual(between(`<table><tr><td><pre>1\n2\n3</pre><td><pre>${code}</pre></table>`), code);
  strictEqual(between(`<table><tr><td><pre> 9\n10\n11</pre><td><pre>${code}</pre></table>`), code);
  const numbered = code.split("\n").map((line, i) => `<tr><td>${i + 7}<td style="white-space:pre">${line}`);
  strictEqual(between(`<table>${numbered.join("")}</table>`), code);
  strictEqual(between("<table><tr><td>1<td>two<tr><td>2<td>three</table>"), "1 two\n2 three");
  strictEqual(between("<pre>1\n2\n3</pre><pre>a\nb\nc</pre>"), "1\n2\n3\n\na\nb\nc");
  strictEqual(
    between("<table><tr><td><pre>5\n9\n3</pre><td><pre>a\nb\nc</pre></table>"),
    "5\n9\n3\n\na\nb\nc",
  );
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
});

Deno.test("articleText() keeps more of what is in doubt for recall, and less for precision", () => {
  const menu = `<nav><ul>${"<li><a href=/>Home page</a>".repeat(5)}</ul></nav>`;
  const text = `<p>${prose} ${prose}</p>`.repeat(6);
  const doubtful = [
    "<figure><blockquote>Here it is.</blockquote></figure>",
    "<figure><figcaption>Here it is, the boat of the river</figcaption></figure>",
    "<div>Here it is</div>",
    "<h2>Here it is</h2>",
    `<div class="note">Here it is. ${prose}</div>`,
    '<p class="lead">Here it is: a <a href=/>boat</a></p>',
    '<p class="author">Here it is, written by Anna Berg and others in the town</p>',
    '<ul><li>Here it is</li><li><a href="/x">A boat</a></li></ul>',
    "<aside><p>Here it is, the boat that everybody knows, from the north.</p></aside>",
  ];
  const counts = (["precision", "balanced", "recall"] as const).map((favor) =>
    doubtful.flatMap((part) => [`${menu}<div>${part}${text}</div>`, `${menu}<div>${text}${part}</div>`])
      .filter((page) => articleText(page, { favor }).includes("Here it is")).length
  );
  ok(counts[0] < counts[1] && counts[1] < counts[2], String(counts));
});

Deno.test("articleText() leaves out comments that are longer than their article, and keeps a page that is only comments", () => {
  const menu = `<nav><ul>${"<li><a href=/>Home page</a>".repeat(5)}</ul></nav>`;
  const article = `<article><h1>The harbour</h1>${`<p>${prose} ${prose}</p>`.repeat(6)}</article>`;
  const lines = Array.from(
    { length: 60 },
    (_, i) => `I was there in year ${i}, and saw boats, all of them blue. ${prose}`,
  );
  for (
    const [list, item, inner] of [
      ['ol class="commentlist"', 'li class="comment even"', 'div class="comment-body"'],
      ['div id="comments"', 'div class="comments__item"', "div"],
      ['section class="post-comments"', 'article id="comment-12"', 'div class="text"'],
    ]
  ) {
    const end = (tag: string) => `</${tag.split(" ")[0]}>`;
    const comments = lines.map((line) => `<${item}><${inner}><p>${line}</p>${end(inner)}${end(item)}`).join(
      "",
    );
    const section = `<${list}>${comments}${end(list)}`, page = `<body>${menu}${article}${section}`;
    ok(!articleText(page).includes("blue"), list);
    ok(articleText(page).includes(`${prose} ${prose}`), list);
    for (const line of lines) ok(articleText(page, { comments: true }).includes(line), list);
    for (const line of lines) ok(articleText(`<body>${menu}${section}`).includes(line), list);
  }
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

Deno.test("articleText() writes tables of code as code in Markdown", () => {
  const table = `<table>${rows(["if a:", "    b = 2"], "style='white-space: pre'")}</table>`;
  const text = articleText(`<article><p>${prose}</p>${table}<p>${prose}</p></article>`, {
    markup: "markdown",
  });
  strictEqual(text, `${prose}\n\n\`\`\`\nif a:\n    b = 2\n\`\`\`\n\n${prose}`);
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
