/**
 * Writes segments as Markdown: headings, lists, quotes, tables and code keep their structure. Source:
 * CommonMark, with the tables of GitHub.
 *
 * @module
 */
import type { PageElement } from "./node.ts";
import type { Segment } from "./segments.ts";

/** Returns the text of segments as Markdown. */
export function markdownOf(segments: readonly Segment[]): string {
  const parts: { readonly text: string; readonly tight: boolean }[] = [];
  const numbers = new Map<PageElement, number>();
  const started = new Set<PageElement>();
  for (let i = 0; i < segments.length;) {
    const path = segments[i].block.path();
    const whole = path.find(({ name }) => name === "pre") ?? path.find(isDataTable);
    let end = i + 1;
    if (whole !== undefined) {
      while (end < segments.length && segments[end].block.path().includes(whole)) end++;
    }
    const group = segments.slice(i, end);
    const body = whole === undefined
      ? `${headingMark(segments[i])}${segments[i].text}`
      : whole.name === "pre" || group.every(({ verbatim }) => verbatim) // the lines of code in a table
      ? `\`\`\`\n${group.map(({ text }) => text).join("\n")}\n\`\`\``
      : tableOf(group);
    const { first, rest, isItem } = marksOf(path, { numbers, started });
    const text = body.split("\n").map((line, n) => `${n === 0 ? first : rest}${line}`.trimEnd()).join("\n");
    parts.push({ text, tight: isItem && segments[i].join !== "gap" });
    i = end;
  }
  return parts.map(({ text, tight }, i) => (i === 0 ? "" : tight ? "\n" : "\n\n") + text).join("");
}

function headingMark({ block }: Segment): string {
  return /^h[1-6]$/.test(block.name) ? `${"#".repeat(Number(block.name[1]))} ` : "";
}

/** Returns what the lines of a segment begin with, from the lists and quotes around it. */
function marksOf(
  path: readonly PageElement[],
  { numbers, started }: { readonly numbers: Map<PageElement, number>; readonly started: Set<PageElement> },
): { readonly first: string; readonly rest: string; readonly isItem: boolean } {
  let first = "", rest = "", isItem = false;
  for (const element of path.toReversed()) {
    if (element.name === "blockquote") {
      first += "> ";
      rest += "> ";
    } else if (element.name === "li") {
      isItem = true;
      const list = element.parent ?? element;
      const mark = list.name === "ol" ? `${numbers.get(list) ?? 1}. ` : "- ";
      if (started.has(element)) first += " ".repeat(mark.length);
      else {
        started.add(element);
        numbers.set(list, (numbers.get(list) ?? 1) + 1);
        first += mark;
      }
      rest += " ".repeat(mark.length);
    }
  }
  return { first, rest, isItem };
}

/** Returns whether an element is a table of data: more than one column, and no blocks of a layout within. */
function isDataTable(element: PageElement): boolean {
  if (element.name !== "table" || element.attribute("role") === "presentation") return false;
  let cells = 0, rows = 0;
  for (const { name } of element.descendants()) {
    if (name === "table" || name === "div" || /^h[1-6]$/.test(name)) return false;
    if (name === "tr") rows++;
    if (name === "td" || name === "th") cells++;
  }
  return rows > 1 && cells > rows;
}

function tableOf(cells: readonly Segment[]): string {
  const rows = new Map<PageElement, Map<PageElement, string>>();
  const captions: string[] = [];
  for (const segment of cells) {
    const path = segment.block.path();
    const at = path.findIndex(({ name }) => name === "td" || name === "th");
    const row = path[at + 1];
    if (at < 0 || row === undefined) {
      captions.push(segment.text);
      continue;
    }
    const texts = rows.get(row) ?? new Map<PageElement, string>();
    const before = texts.get(path[at]);
    const own = segment.text.replace(/\s*\n\s*/g, " ").replaceAll("|", "\\|");
    texts.set(path[at], before === undefined ? own : `${before} ${own}`);
    rows.set(row, texts);
  }
  let width = 0;
  for (const { size } of rows.values()) width = Math.max(width, size);
  const lines = [...rows].map(([row, texts]) => {
    const all = row.children.filter((cell): cell is PageElement =>
      "name" in cell && /^t[dh]$/.test(cell.name)
    );
    const values = all.map((cell) => texts.get(cell) ?? "");
    while (values.length < width) values.push("");
    return `| ${values.join(" | ")} |`;
  });
  if (lines.length > 0) {
    lines.splice(1, 0, `|${" --- |".repeat(Math.max(width, lines[0].split(/(?<!\\)\|/).length - 2))}`);
  }
  return [...captions.map((caption) => `${caption}\n`), ...lines].join("\n");
}
