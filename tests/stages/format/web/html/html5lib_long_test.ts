/**
 * Compares the project's tree with html5lib's tests of tree construction: elements, attributes, texts,
 * namespaces and the content of templates. Comments, document types and processing instructions are not part
 * of the project's tree, so neighbouring texts are compared as one.
 *
 * @module
 */
import { deepStrictEqual, strictEqual } from "node:assert/strict";
import { html, Parser } from "parse5";
import { PageElement, type PageNode } from "../../../../../stages/format/web/html/node.ts";
import { parsePage } from "../../../../../stages/format/web/html/parse_page.ts";
import { PageTreeAdapter, type TreeTypes } from "../../../../../stages/format/web/html/tree_adapter.ts";
import { fetchHtml5lib, readTreeCases, type TreeCase } from "./html5lib.ts";

const fetched = await fetchHtml5lib();
const name = "parsePage() builds the trees of html5lib's tests";
const missing = "why" in fetched && Deno.env.get("CI") !== "true";
Deno.test({
  name: missing ? `${name} (ignored: ${fetched.why})` : name,
  ignore: missing,
  fn: async () => {
    if ("why" in fetched) throw new Error(fetched.why);
    const cases = await readTreeCases(fetched.folder);
    const counts = { pages: 0, fragments: 0, scripted: 0 }, wrong: TreeCase[] = [];
    for (const one of cases) {
      counts[one.scripted ? "scripted" : one.context === null ? "pages" : "fragments"]++;
      if (one.scripted) continue; // a script that runs
      if (linesOf(treeOf(one)).join("\n") !== expectedLines(one).join("\n")) wrong.push(one);
    }
    deepStrictEqual(counts, { pages: 1586, fragments: 192, scripted: 4 });
    // parse5 follows the rules for select from before 2025, which drop the tags within it.
    const [select, other] = [true, false].map((about) =>
      wrong.filter(({ data, context }) => (context === "select" || data.includes("<select")) === about)
    );
    deepStrictEqual(other, []);
    strictEqual(select.length, 28);
  },
});

/** Parses as the project does. The project has neither scripts nor fragments: these test its tree alone. */
function treeOf({ data, context, scripting }: TreeCase): PageElement {
  if (context === null && !scripting) return parsePage(data);
  const treeAdapter = new PageTreeAdapter({ elements: 1 << 20, elementsPerTag: 1 << 20 });
  const options = { treeAdapter, scriptingEnabled: scripting };
  if (context === null) return Parser.parse<TreeTypes>(data, options);
  const [tag, language] = context.split(" ").toReversed();
  const namespace = language === "svg" ? html.NS.SVG : language === "math" ? html.NS.MATHML : html.NS.HTML;
  const parser = Parser.getFragmentParser<TreeTypes>(treeAdapter.createElement(tag, namespace, []), options);
  parser.tokenizer.write(data, true);
  return parser.getFragment();
}

/** The tree as html5lib writes it. */
function linesOf(root: PageElement): string[] {
  const lines: string[] = [];
  const open: [node: PageNode, depth: number][] = root.children.toReversed().map((child) => [child, 0]);
  for (let step = open.pop(); step !== undefined; step = open.pop()) {
    const [node, depth] = step, indent = "  ".repeat(depth);
    if (!(node instanceof PageElement)) {
      lines.push(`${indent}"${node.value}"`);
      continue;
    }
    const { name, foreign, attributes } = node;
    lines.push(
      indent + (name === "#fragment" ? "content" : `<${foreign === "" ? "" : `${foreign} `}${name}>`),
      ...attributes.map(({ name, value }) => `${indent}  ${name}="${value}"`).sort(),
    );
    for (const child of node.children.toReversed()) open.push([child, depth + 1]);
  }
  return merged(lines);
}

/** The tree of a test without what the project leaves out. */
function expectedLines({ tree }: TreeCase): string[] {
  const lines = tree.filter((line) => !/^ *<[!?]/.test(line))
    .map((line) => line.replace(/^( *)(?:xlink|xml|xmlns) (.*=")/, "$1$2"));
  return merged(lines);
}

/** Puts texts that follow each other into one. */
function merged(lines: readonly string[]): string[] {
  const out: string[] = [];
  for (const line of lines) {
    const last = out.at(-1) ?? "", indent = /^ */.exec(line)![0];
    const isText = line.startsWith(`${indent}"`), follows = last.startsWith(`${indent}"`);
    if (isText && follows) out[out.length - 1] = last.slice(0, -1) + line.slice(indent.length + 1);
    else out.push(line);
  }
  return out;
}
