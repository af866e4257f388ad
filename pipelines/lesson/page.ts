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
import { type Check, type Item, outcomeOf, shown, tolerance } from "./item.ts";

/** Content of the page. */
export interface PageOptions {
  /** Title: the subject of the lesson. */
  readonly title: string;
  /** Items in order. */
  readonly items: readonly Item[];
  /** Options of the run, as they are typed on the command line. */
  readonly options: readonly string[];
}

/** The HTML of the page. */
export async function lessonPage({ title, items, options }: PageOptions): Promise<string> {
  const checks = items.filter((item) => item.kind === "check");
  const same = checks.filter((item) => outcomeOf(item) === "same").length;
  const incomparable = checks.filter((item) => outcomeOf(item) === "not compared").length;
  const summary = checks.length === 0
    ? ""
    : `<p class="soft">${same} of ${checks.length - incomparable} values agree with the lecture's${
      incomparable === 0 ? "" : `; ${incomparable} not compared`
    }</p>`;
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
${summary}
${(await sections(items)).join("\n")}
<p class="soft">Options: ${options.map((option) => `<code>${escaped(option)}</code>`).join(" ")}</p>
</main></body>
</html>
`;
  return html.replace("/*{policy}*/", () => policyOf({ scripts: "", styles: html }));
}

/** HTML of the items. Consecutive checks share one table. */
async function sections(items: readonly Item[]): Promise<string[]> {
  const out: string[] = [];
  let checks: Check[] = [];
  const close = (): void => {
    if (checks.length > 0) out.push(checkTable(checks));
    checks = [];
  };
  for (const item of items) {
    if (item.kind === "progress") continue;
    if (item.kind === "check") {
      checks.push(item);
    } else {
      close();
      out.push(await markup(item));
    }
  }
  close();
  return out;
}

async function markup(item: Exclude<Item, Check | { kind: "progress" }>): Promise<string> {
  switch (item.kind) {
    case "heading":
      return `<h2>${escaped(item.text)}</h2>`;
    case "say":
      return `<p>${prose(item.text)}</p>`;
    case "lines":
      return `<pre>${escaped(item.lines.join("\n"))}</pre>`;
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

async function chartBox(chart: Chart): Promise<string> {
  const title = chart.title === "" ? "" : `<h3>${escaped(chart.title)}</h3>`;
  return `<div class="chart">${title}${await chart.html()}</div>`;
}

function checkTable(checks: readonly Check[]): string {
  const marks = { "same": "✓", "differs": "✗ differs", "not compared": "not compared" };
  return tableOf(
    ["value", "ours", "lecture", "", "source"],
    checks.map((item) => {
      const { name, ours, lecture, within = 0, source, mayDiffer } = item;
      return [
        { text: name },
        { text: shown(ours, within), right: typeof ours === "number" },
        {
          text: shown(lecture, within) + tolerance(item),
          right: typeof lecture === "number",
        },
        { text: marks[outcomeOf(item)] + (typeof mayDiffer === "string" ? `: ${mayDiffer}` : "") },
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
    `<${tag}${right ? ' class="right"' : ""}>${escaped(text)}</${tag}>`;
  const line = (cells: readonly string[]): string => `<tr>${cells.join("")}</tr>`;
  const first = rows[0] ?? [];
  return `<div class="scroll"><table><thead>${
    line(head.map((text, i) => cell({ text, right: first[i]?.right ?? false }, "th")))
  }</thead><tbody>${
    rows.map((row) => line(row.map((one) => cell(one, "td")))).join("\n")
  }</tbody></table></div>`;
}

function prose(text: string): string {
  return escaped(text).replace(/`([^`]+)`/g, "<code>$1</code>");
}
