/**
 * Renders a lesson's items as a single HTML page that needs neither a network nor scripts.
 *
 * @module
 */
import baseStyle from "../../stages/report/base.css" with { type: "text" };
import { escaped } from "../../stages/format/viewer/notebook.ts";
import { policyOf } from "../../stages/report/page_policy.ts";
import type { Chart } from "../../stages/report/chart/chart.ts";
import pageStyle from "./page.css" with { type: "text" };
import { liveFigures } from "../page/playground/live_figures.ts";
import { codeHtml, preformatted } from "./code_html.ts";
import { type Check, type Item, outcomeOf, shown, tallyOf, tallyText, tolerance } from "./item.ts";
import { playground as playgroundCommand } from "./text.ts";

/** Content of the page. */
export interface PageOptions {
  /** Title: the subject of the lesson. */
  readonly title: string;
  /** Items in order. */
  readonly items: readonly Item[];
  /** Options of the run, as they are typed on the command line. */
  readonly options: readonly string[];
  /** The lesson's file, from the project's folder; null for a lesson that is not the project's. */
  readonly source?: string | null;
  /** The lesson that follows, and the address of its page, if there is one; null after the last lesson. */
  readonly next?: { readonly name: string; readonly page: string | null } | null;
  /** The address of the playground's page, if it has been built; default: null. */
  readonly playground?: string | null;
  /** Returns the address of a file of the project. Default: its path from the project's folder. */
  linkTo?(file: string): string;
}

/** The HTML of the page. */
export async function lessonPage(
  { title, items, options, source = null, next = null, playground = null, linkTo = (file) => file }:
    PageOptions,
): Promise<string> {
  const summary = tallyText(tallyOf(items));
  const html = `<!DOCTYPE html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="generator" content="stagewise-gpt">
<meta name="viewport" content="width=device-width, initial-scale=1">
<meta http-equiv="Content-Security-Policy" content="/*{policy}*/">
<meta name="color-scheme" content="light dark">
<title>${escaped(title)}</title>
<style>${baseStyle}${pageStyle}</style>
</head>
<body><main>
<h1>${escaped(title)}</h1>
${summary === "" ? "" : `<p class="soft">${escaped(summary)}</p>`}
${links({ items, source, next, playground, linkTo })}
${(await sections(items, { playground, linkTo })).join("\n")}
<p class="soft">Options: ${options.map((option) => `<code>${escaped(option)}</code>`).join(" ")}</p>
</main></body>
</html>
`;
  return html.replace("/*{policy}*/", () => policyOf({ scripts: "", styles: html }));
}

/** HTML of the links to the lecture, the lesson's file, the next lesson and the playground. */
function links(
  { items, source, next, playground, linkTo }: Required<Omit<PageOptions, "title" | "options">>,
) {
  const lecture = items.find((item) => item.kind === "lecture");
  const nextLesson = next !== null &&
    (next.page === null
      ? `<code>deno task pipeline ${escaped(next.name)}</code>`
      : link(next.page, next.name));
  const entries = [
    lecture && `Lecture: ${link(lecture.url, lecture.title)}`,
    source !== null && `Source: ${link(linkTo(source), source)}`,
    nextLesson && `Next lesson: ${nextLesson}`,
    `Live in your browser: ${
      playground === null ? `<code>${playgroundCommand}</code>` : link(playground, "playground")
    }`,
  ].filter((entry) => typeof entry === "string");
  return `<ul class="links">${entries.map((entry) => `<li>${entry}</li>`).join("")}</ul>`;
}

function link(address: string, text: string): string {
  return `<a href="${escaped(address)}">${escaped(text)}</a>`;
}

/** Where a page's links lead. */
type Places = Required<Pick<PageOptions, "playground" | "linkTo">>;

/** Items that stand on their own on the page. */
type Block = Exclude<Item, { kind: "check" | "progress" | "tally" | "lecture" | "code" }>;

/**
 * HTML of the items. Consecutive checks share one table; code stands beside the paragraph or list before it.
 */
async function sections(items: readonly Item[], places: Places): Promise<string[]> {
  const out: string[] = [];
  let checks: Check[] = [];
  const close = (): void => {
    if (checks.length > 0) out.push(checkTable(checks));
    checks = [];
  };
  let text: string | null = null; // the paragraph just before, beside which code can stand
  for (const item of items) {
    if (item.kind === "progress" || item.kind === "tally" || item.kind === "lecture") continue;
    if (item.kind === "check") {
      checks.push(item);
      text = null;
      continue;
    }
    close();
    if (item.kind === "code") {
      const code = await codeHtml(item, places.linkTo);
      if (text === null) out.push(code);
      else out[out.length - 1] = `<div class="beside"><div>${text}</div>${code}</div>`;
      text = null;
    } else {
      const html = await markup(item, places);
      out.push(html);
      text = item.kind === "say" || item.kind === "claim" ? html : null;
    }
  }
  close();
  return out;
}

async function markup(item: Block, { playground }: Places): Promise<string> {
  switch (item.kind) {
    case "heading":
      return `<h2>${escaped(item.text)}</h2>`;
    case "say":
      return `<p>${prose(item.text)}</p>`;
    case "claim":
      return `<p class="claim ${item.holds ? "holds" : "fails"}"><b>${
        item.holds ? "✓ Claim holds" : "✗ Claim does not hold"
      }</b> ${prose(item.text)}</p>`;
    case "live": {
      const { title, does } = liveFigures[item.figure];
      const place = playground === null
        ? `In <code>${playgroundCommand}</code>, under “${escaped(title)}”.`
        : link(`${playground}#${item.figure}`, title);
      return `<p class="live"><b>Live:</b> ${escaped(does)}. ${place}</p>`;
    }
    case "lines":
      return `<pre tabindex="0">${preformatted(item.lines.join("\n"))}</pre>`;
    case "table":
      return tableOf(
        item.head,
        item.rows.map((row) => row.map((cell) => ({ text: shown(cell), right: typeof cell === "number" }))),
      );
    case "figure": {
      const charts = await Promise.all(item.charts.map(chartBox));
      return `<figure><div class="charts">${charts.join("")}</div><figcaption>${
        prose(item.caption)
      }</figcaption></figure>`;
    }
  }
}

/** Smallest size of a chart's text, as a fraction of the size that it is drawn for. */
const leastScale = .85;
/** Width of a chart on a large screen in pixels: a wider one shrinks until all of it can be seen there. */
const fullWidth = 1128;

/** HTML of a chart. In a narrow page it scrolls in its box when its text would become too small. */
async function chartBox(chart: Chart): Promise<string> {
  const title = chart.title === "" ? "" : `<h3>${escaped(chart.title)}</h3>`, html = await chart.html();
  const width = Number(/<svg[^>]*\swidth="(\d+)"/.exec(html)?.[1] ?? 0);
  return `<div class="chart" tabindex="0">${title}<div style="min-width:${
    Math.min(fullWidth, Math.round(leastScale * width))
  }px">${html}</div></div>`;
}

function checkTable(checks: readonly Check[]): string {
  const marks = { "same": "✓", "differs": "✗ differs", "not compared": "·" };
  return tableOf(
    ["value", "ours", "lecture", "", "source"],
    checks.map((item) => {
      const { name, ours, lecture, within = 0, source } = item;
      return [
        { text: name },
        { text: shown(ours, within), right: typeof ours === "number" },
        {
          text: shown(lecture, within) + tolerance(item),
          right: typeof lecture === "number",
        },
        { text: marks[outcomeOf(item)] },
        { text: source },
      ];
    }),
  );
}

function tableOf(
  head: readonly string[],
  rows: readonly (readonly { readonly text: string; readonly right?: boolean }[])[],
): string {
  const cell = ({ text, right = false }: { text: string; right?: boolean }, tag: string): string =>
    `<${tag}${right ? ' class="right"' : ""}>${withUnits(text)}</${tag}>`;
  const line = (cells: readonly string[]): string => `<tr>${cells.join("")}</tr>`;
  const first = rows[0] ?? [];
  return `<div class="scroll" tabindex="0"><table><thead>${
    line(head.map((text, i) => cell({ text, right: first[i]?.right ?? false }, text === "" ? "td" : "th")))
  }</thead><tbody>${
    rows.map((row) => line(row.map((one) => cell(one, "td")))).join("\n")
  }</tbody></table></div>`;
}

/** HTML of a text in which no line ends between a number and its percent sign. */
function withUnits(text: string): string {
  return escaped(text).replace(/(\d) %/g, "$1\u00a0%");
}

/** HTML of a paragraph. Short code is not broken at its hyphens; long code may be. */
function prose(text: string): string {
  return withUnits(text).replace(
    /`([^`]+)`/g,
    (_, code: string) => `<code${code.length <= 24 ? ' class="short"' : ""}>${code}</code>`,
  );
}
