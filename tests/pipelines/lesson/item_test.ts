/** Tests how a lesson's items appear in a terminal and on its page. */
import { deepStrictEqual, ok, strictEqual } from "node:assert/strict";
import stringWidth from "string-width";
import {
  check,
  figure,
  heading,
  type Item,
  lines,
  outcomeOf,
  progress,
  say,
  table,
} from "../../../pipelines/lesson/item.ts";
import { lessonPage } from "../../../pipelines/lesson/page.ts";
import { itemLines } from "../../../pipelines/lesson/text.ts";
import { lineChart } from "../../../stages/report/chart/line.ts";
import { browse, browser } from "../../browser.ts";

const hostile = "</style><script>globalThis.hit = 1</script>\"'&<!-- `code`";

function items(text: string): Item[] {
  return [
    heading(text),
    say(text),
    lines([text, "  indented"]),
    table([text, "n"], [[text, 1.23456789], ["b", 1e-9]]),
    check({ name: text, ours: .12344, lecture: .1234, within: 1e-4, source: text }),
    check({ name: "names", ours: text, lecture: text, source: text, mayDiffer: text }),
    figure(text, lineChart({ title: text, series: [{ name: text, y: [3, 2, 1] }, { name: "b", y: [1] }] })),
    progress(text),
  ];
}

Deno.test("outcomeOf() compares numbers within their tolerance and texts exactly, and does not compare values that may differ", () => {
  const common = { name: "x", lecture: 1, source: "" };
  strictEqual(outcomeOf(check({ ...common, ours: 1.05, within: .1 })), "same");
  strictEqual(outcomeOf(check({ ...common, ours: 1.05 })), "differs");
  strictEqual(outcomeOf(check({ ...common, ours: NaN, within: .1 })), "differs");
  strictEqual(outcomeOf(check({ ...common, ours: 5, mayDiffer: "other data" })), "not compared");
  strictEqual(outcomeOf(check({ ...common, ours: 1, mayDiffer: null })), "same");
  strictEqual(outcomeOf(check({ ...common, ours: "mor.", lecture: "mor." })), "same");
});

Deno.test("itemLines() fits lines to the width of the terminal", () => {
  for (const columns of [40, 60, 100, 200]) {
    for (const item of items("a sentence that is too long for one line of a narrow terminal")) {
      for (const line of itemLines(item, { columns, color: false })) {
        ok(stringWidth(line) < columns, `${item.kind} at ${columns}: ${line}`);
      }
    }
  }
});

Deno.test("itemLines() shows both values of a check, and aligns a table that fits the width", () => {
  const style = { columns: 80, color: false };
  const compared = check({ name: "loss", ours: 2.45458, lecture: 2.4546, within: 1e-4, source: "" });
  deepStrictEqual(itemLines(compared, style), ["✓ loss: 2.45458 (lecture: 2.45460 ±1e-4)"]);
  deepStrictEqual(itemLines({ ...compared, mayDiffer: "other data" }, style), [
    "· loss: 2.45458 (lecture: 2.45460 ±1e-4)",
  ]);
  deepStrictEqual(itemLines(table(["net", "loss"], [["a", 2.5], ["bigram", 10.25]]), style), [
    "net      loss",
    "──────  ─────",
    "a         2.5",
    "bigram  10.25",
    "",
  ]);
  const long = "x".repeat(30);
  deepStrictEqual(itemLines(table(["net", "loss"], [[long, 2.5]]), { columns: 34, color: false }), [
    `net: ${"x".repeat(27)}…`,
    "  loss: 2.5",
    "",
  ]);
});

Deno.test("lessonPage() escapes all texts", async () => {
  const page = (text: string) => lessonPage({ title: text, items: items(text), options: [text] });
  const plain = await page("n".repeat(hostile.length - 2) + "`x`"), attacked = await page(hostile);
  for (const tag of [/<script/g, /<\/style/g, /<!--/g, /<code/g, /<tr/g]) {
    strictEqual(attacked.match(tag)?.length, plain.match(tag)?.length, `${tag}`);
  }
});

Deno.test({
  name: `a lesson's page is readable in light and dark, loads nothing, and its charts have a size${
    browser === null ? " (ignored: no chromium)" : ""
  }`,
  ignore: browser === null && Deno.env.get("CI") !== "true",
  async fn() {
    const page = await lessonPage({ title: hostile, items: items(hostile), options: [] });
    for (const dark of [false, true]) {
      const found = await browse<{ errors: string[]; hit: boolean; sizes: number[]; contrasts: number[] }>(
        page,
        `(() => {
          const luminance = (color) => {
            const [r, g, b] = color.match(/[\\d.]+/g).map((v) => (v / 255) ** 2.2);
            return .2126 * r + .7152 * g + .0722 * b;
          };
          const background = (at) => {
            for (; at; at = at.parentElement) {
              const { backgroundColor } = getComputedStyle(at);
              if (backgroundColor !== "rgba(0, 0, 0, 0)") return luminance(backgroundColor);
            }
          };
          const contrast = (color, at) => {
            const [a, b] = [luminance(color), background(at)].sort((a, b) => b - a);
            return (a + .05) / (b + .05);
          };
          const texts = [...document.querySelectorAll("h1, h2, p, td, th, pre, code, figcaption")];
          const labels = [...document.querySelectorAll("svg text")], curves = [...document.querySelectorAll('g[data-mark="line"]')];
          return {
            errors,
            hit: "hit" in globalThis,
            sizes: [...document.querySelectorAll("svg")].map((svg) => svg.getBoundingClientRect().width),
            contrasts: [
              ...texts.map((at) => contrast(getComputedStyle(at).color, at)),
              ...labels.map((at) => contrast(getComputedStyle(at).fill, at)),
              ...curves.map((at) => contrast(getComputedStyle(at).stroke, at)),
            ],
          };
        })()`,
        { dark },
      );
      deepStrictEqual([found.errors, found.hit], [[], false]);
      ok(found.sizes.length === 1 && found.sizes[0] > 300, `${found.sizes}`);
      ok(
        found.contrasts.length > 30 && Math.min(...found.contrasts) > 3.5,
        `${Math.min(...found.contrasts)}`,
      );
    }
  },
});
