import { articleText } from "../../../../stages/format/web/article_text.ts";
import { pageText } from "../../../../stages/format/web/page_text.ts";
import { equal } from "../../source/source_checks.ts";

Deno.test("pageText() gives a line for each block and a blank line around paragraphs", () => {
  equal(pageText("<p>One <b>and</b>\n two</p><p>Three<br>four</p>"), "One and two\n\nThree\nfour");
  equal(pageText("<div>a</div><div> b  c </div><ul><li>d<li>e</ul>f"), "a\nb c\n\nd\ne\n\nf");
  equal(pageText("<table><tr><td>1<td>2<tr><td>3<td>4</table>"), "1 2\n3 4");
});

Deno.test("pageText() leaves out hidden elements and decodes entities", () => {
  equal(
    pageText("<title>t</title><style>s{}</style><script>if (a < b) c()</script>x &amp; y&nbsp;z"),
    "x & y z",
  );
});

Deno.test("pageText() keeps white space in pre", () => {
  equal(pageText("<pre>a  b\n  c</pre>d"), "a  b\n  c\n\nd");
});

Deno.test("pageText() reads empty and broken pages", () => {
  equal(pageText(""), "");
  equal(pageText("<<p<b>x</i></p></table"), pageText("<<p<b>x</i></p></table"));
});

Deno.test("pageText() reads 5,000 nested blocks", () => {
  equal(pageText("<div>".repeat(5000) + "deep" + "</div>".repeat(5000)), "deep");
});

Deno.test("articleText() leaves out menus and footers, and falls back to the whole page", () => {
  const sentence =
    "The article goes on with a sentence that has commas, clauses, and enough words to count. ";
  const page =
    `<html><head><title>T</title></head><body><nav><a href="/">Home</a> <a href="/b">Menu entry</a></nav>
    <article><p>${sentence.repeat(4)}</p><p>${sentence.repeat(5)}</p></article>
    <footer>Copyright line</footer></body></html>`;
  const text = articleText(page);
  if (text.includes("Menu entry") || text.includes("Copyright")) {
    throw new Error(`Boilerplate left in: ${text}`);
  }
  equal(text.split("\n\n").length, 2);
  equal(articleText("<p>short</p>"), "short");
});

Deno.test("pageText() trims lines in linear time: a megabyte of spaces that do not collapse", () => {
  const spaces = "\u2003".repeat(1 << 20);
  equal(pageText(`<p>a${spaces}b</p><p>c${spaces}</p>`).length, 2 + spaces.length + 3);
});

Deno.test("pageText() reads pages that make quadratic parsers take minutes: deep nesting, end tags without start tags", () => {
  for (const unit of ["<b></i>", "<div></x>", "<div/>"]) equal(pageText(`${unit.repeat(100_000)}x`), "x");
  equal(pageText(`${"<b>".repeat(9000)}${"</i>".repeat(200_000)}x`), "x");
  equal(pageText(`${"<i>a</i>".repeat(300_000)}`).length > 0, true);
});

Deno.test("pageText() keeps the lines of pages with 50,000 breaks, items and pictures, which are not nested", () => {
  const many = "a<br>".repeat(20_000) + "<p>b<img src=x>".repeat(20_000) + "<ul>" + "<li>c".repeat(20_000) +
    "</ul>";
  equal(pageText(many).split("\n").filter((line) => line !== "").length, 60_000);
  equal(pageText(`<div>a</div><svg>${'<path d="M0"/>'.repeat(20_000)}</svg><div>b</div>`), "a\nb");
});
