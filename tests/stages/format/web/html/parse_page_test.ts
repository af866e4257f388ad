/**
 * Tests the tree of a page. The cases are of the same kinds as html5lib's tree tests, written from the rules
 * of the HTML standard: implied tags, scopes, tables, formatting elements, foreign content.
 *
 * @module
 */
import { ok, strictEqual } from "node:assert/strict";
import { PageElement, type PageNode } from "../../../../../stages/format/web/html/node.ts";
import { parsePage } from "../../../../../stages/format/web/html/parse_page.ts";
import { pathOfUrl } from "../../../../../stages/disk/paths.ts";
import { denoBeforeDeadline } from "../../../../deadline.ts";

/** Writes a tree as `name[children]`; texts stand in quotes; the implied html, head and body are left out. */
function shape(node: PageNode): string {
  if (!(node instanceof PageElement)) return `"${node.value}"`;
  const inner = node.children.map(shape).join(" ");
  return inner === "" ? node.name : `${node.name}[${inner}]`;
}

function body(html: string): string {
  const page = parsePage(html);
  const html5 = page.children.find((child) => child instanceof PageElement);
  const element = html5 instanceof PageElement ? html5.children.at(-1) : undefined;
  return element instanceof PageElement ? element.children.map(shape).join(" ") : "";
}

Deno.test("parsePage() adds the tags that a page may omit", () => {
  strictEqual(shape(parsePage("")), "#document[html[head body]]");
  strictEqual(shape(parsePage("Hello")), '#document[html[head body["Hello"]]]');
  strictEqual(
    shape(parsePage("<!DOCTYPE html><title>T</title>x")),
    '#document[html[head[title["T"]] body["x"]]]',
  );
  strictEqual(
    shape(parsePage("<head><meta charset=utf-8><title>T</title><p>x")),
    '#document[html[head[meta title["T"]] body[p["x"]]]]',
  );
  strictEqual(shape(parsePage("<html><body></body></html>late")), '#document[html[head body["late"]]]');
  strictEqual(shape(parsePage("<body a=1><body b=2>")), "#document[html[head body]]");
});

const trees: Readonly<Record<string, string>> = {
  "<p>a<p>b": 'p["a"] p["b"]',
  "<p>a<div>b</div>c": 'p["a"] div["b"] "c"',
  "<ul><li>a<li>b<ul><li>c</ul></ul>": 'ul[li["a"] li["b" ul[li["c"]]]]',
  "<dl><dt>a<dd>b<dt>c</dl>": 'dl[dt["a"] dd["b"] dt["c"]]',
  "<h1>a<h2>b</h2></h1>": 'h1["a"] h2["b"]',
  "</p>": "p",
  "</br>": "br",
  "<button>a<button>b": 'button["a"] button["b"]',
  "<form>a<form>b</form>": 'form["ab"]',
  "<option>a<option>b": 'option["a"] option["b"]',
  "<table><tr><td>a<td>b<tr><td>c</table>": 'table[tbody[tr[td["a"] td["b"]] tr[td["c"]]]]',
  "<table>x<tr><td>a</table>": '"x" table[tbody[tr[td["a"]]]]',
  "<table><p>x</p><tr><td>a</table>": 'p["x"] table[tbody[tr[td["a"]]]]',
  "<table><caption>a<td>b": 'table[caption["a"] tbody[tr[td["b"]]]]',
  "<td>a</td>b": '"ab"',
  "<b>1<p>2</b>3": 'b["1"] p[b["2"] "3"]',
  "<b>1<i>2</b>3</i>4": 'b["1" i["2"]] i["3"] "4"',
  "<a>1<a>2": 'a["1"] a["2"]',
  "<p><b>1</p><p>2": 'p[b["1"]] p[b["2"]]',
  "<b><b><b><b>1</b></b></b></b>2": 'b[b[b[b["1"]]]] "2"',
  "<nobr>1<nobr>2": 'nobr["1"] nobr["2"]',
  "<script><p>a</p></script>b": 'script["<p>a</p>"] "b"',
  "<style>a<b></style>c": 'style["a<b>"] "c"',
  "<textarea>\n<p>a</textarea>b": 'textarea["<p>a"] "b"',
  "<pre>\na</pre>": 'pre["a"]',
  "<pre>\n\na</pre>": 'pre["\na"]',
  "<svg><path/><g>a</g></svg>b": 'svg[path g["a"]] "b"',
  "<svg><p>a": 'svg p["a"]',
  "<svg><foreignObject><p>a</svg>b": 'svg[foreignObject[p["ab"]]]',
  "<math><mi>x</mi></math>y": 'math[mi["x"]] "y"',
  "<template><td>a</template>b": 'template[#fragment[td["a"]]] "b"',
  "<noscript><p>a</noscript>": 'noscript[p["a"]]',
  "a<!-- b -->c": '"ac"',
  "a<!-->b": '"ab"',
  "a<!-- x --!>b": '"ab"',
  "a<?php b ?>c": '"ac"',
  "a<![CDATA[b]]>c": '"ac"',
  "<svg><![CDATA[<b>]]></svg>": 'svg["<b>"]',
  "&amp;&lt;&notit;&#x80;&#0;": '"&<¬it;€\ufffd"',
  "&copy&ampx": '"©&x"',
  "<div a=1 a=2>x</div>": 'div["x"]',
  "<DIV>x</Div>": 'div["x"]',
  "<p>a</p\n>b": 'p["a"] "b"',
  "a\u0000b": '"ab"',
  "<image>": "img",
  "<isindex>x": 'isindex["x"]',
  "<plaintext><p>a</plaintext>": 'plaintext["<p>a</plaintext>"]',
  "<hr><wbr><input>a": 'hr wbr input "a"',
  "<ruby>a<rt>b<rp>c</ruby>": 'ruby["a" rt["b"] rp["c"]]',
  "<address>a<p>b</address>c": 'address["a" p["b"]] "c"',
  "<details><summary>a</summary>b</details>": 'details[summary["a"] "b"]',
  "<center>a<li>b</center>": 'center["a" li["b"]]',
};

for (const [html, tree] of Object.entries(trees)) {
  Deno.test(`parsePage() builds the standard's tree of ${JSON.stringify(html)}`, () => {
    strictEqual(body(`<!DOCTYPE html><body>${html}`), tree);
  });
}

Deno.test("parsePage() lets a table stand in a paragraph only without a DOCTYPE", () => {
  strictEqual(body("<p>a<table></table>"), 'p["a" table]');
  strictEqual(body("<!DOCTYPE html><p>a<table></table>"), 'p["a"] table');
});

Deno.test("parsePage() keeps attributes in order, the first of two with the same name", () => {
  const [, , element] = [...parsePage("<!DOCTYPE html><body><p ID=a class='b c' id=x data-z>").descendants()]
    .slice(1);
  strictEqual(
    element.attributes.map(({ name, value }) => `${name}=${value}`).join(),
    "id=a,class=b c,data-z=",
  );
  strictEqual(element.attribute("id") + element.attribute("none"), "a");
  ok(element.has("data-z") && !element.has("none"));
});

Deno.test("parsePage() opens at most 512 elements, and keeps the texts beyond them apart and in order", () => {
  const depth = (root: PageElement) => {
    let most = 0;
    const open: [PageElement, number][] = [[root, 0]];
    for (let step = open.pop(); step !== undefined; step = open.pop()) {
      most = Math.max(most, step[1]);
      for (const child of step[0].children) if (child instanceof PageElement) open.push([child, step[1] + 1]);
    }
    return most;
  };
  strictEqual(depth(parsePage("<!DOCTYPE html>" + "<div>".repeat(500))), 502);
  const page = parsePage("<!DOCTYPE html>" + Array.from({ length: 1500 }, (_, i) => `<div>t${i}`).join(""));
  ok(depth(page) <= 515);
  const texts = shape(page).match(/"t\d+"/g) ?? [];
  strictEqual(texts.join(), Array.from({ length: 1500 }, (_, i) => `"t${i}"`).join());
});

Deno.test("parsePage() and articleText() take linear time for nesting, formatting left open, attributes and tables", async () => {
  const script = pathOfUrl(new URL("linear_pages.ts", import.meta.url));
  const { code, stdout, stderr } = await denoBeforeDeadline({
    args: ["run", "--quiet", "--lock=deno.lock", "--frozen", "--allow-read", script],
    stdin: "null",
  });
  strictEqual(new TextDecoder().decode(stderr), "");
  strictEqual(new TextDecoder().decode(stdout), "13 pages\n");
  strictEqual(code, 0);
});
