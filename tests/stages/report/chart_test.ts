import { deepStrictEqual, ok, strictEqual, throws } from "node:assert/strict";
import stringWidth from "string-width";
import { jupyterDisplay } from "../../../stages/format/viewer/notebook.ts";
import { barChart } from "../../../stages/report/chart/bars.ts";
import type { Chart } from "../../../stages/report/chart/chart.ts";
import { graphChart } from "../../../stages/report/chart/graph.ts";
import { heatmapChart } from "../../../stages/report/chart/heatmap.ts";
import { histogramChart } from "../../../stages/report/chart/histogram.ts";
import { lineChart } from "../../../stages/report/chart/line.ts";
import { scatterChart } from "../../../stages/report/chart/scatter.ts";
import { charts } from "./charts.ts";

const hostile = "<script>1</script>\"'&<!--";

Deno.test("every chart is one SVG with the page's colours, and its texts never become markup", async () => {
  const plain = charts("n".repeat(hostile.length)); // the same length, because margins depend on it
  for (const [kind, chart] of Object.entries(charts(hostile))) {
    const html = await chart.html(), other = await plain[kind].html();
    for (const tag of [/<svg/g, /<text/g, /<path/g, /<g\b/g]) {
      strictEqual(html.match(tag)?.length, other.match(tag)?.length, `${kind}: ${tag}`);
    }
    strictEqual(html.match(/<svg/g)?.length, 1, kind);
    ok(!/<script|<!--|NaN/.test(html), `${kind}: ${html}`);
    ok(html.includes("var(--c0)"), kind);
  }
});

Deno.test("barChart() has a bar, a name and a number for each value, whatever the names", async () => {
  const random = (at: number) => Math.floor(1e6 * Math.abs(Math.sin(at + 1)));
  for (let round = 0; round < 20; round++) {
    const names = ["a", "a", "", "中文", "b c", "0", "0"].slice(0, 1 + random(round) % 7);
    const bars = Array.from({ length: 1 + random(7 * round) % 12 }, (_, i) => {
      return { name: names[random(round + 31 * i) % names.length], value: 1 + i + round };
    });
    const html = await barChart({ bars }).html();
    strictEqual(html.match(/<rect/g)?.length, bars.length, JSON.stringify(bars));
    const places = [...html.matchAll(/<rect [^>]*\by="([\d.]+)"/g)].map(([, y]) => Number(y));
    strictEqual(new Set(places).size, bars.length, "no two bars are in one place");
    for (const columns of [40, 80]) {
      const lines = barChart({ bars }).lines(columns);
      strictEqual(lines.length, bars.length);
      const starts = lines.map((line) => stringWidth(line.slice(0, line.indexOf("█"))));
      strictEqual(new Set(starts).size, 1, `bars begin in one column: ${lines.join("\n")}`);
    }
  }
});

Deno.test("every chart's lines fit the terminal's width", () => {
  for (const columns of [12, 40, 60, 100, 200]) {
    for (const [kind, chart] of Object.entries(charts("a name of some length"))) {
      const lines = chart.lines(columns);
      ok(lines.length > 0, kind);
      for (const line of lines) ok(stringWidth(line) <= columns, `${kind} at ${columns}: ${line}`);
    }
  }
});

Deno.test("charts can be drawn for no values, one value and equal values", async () => {
  const few: Chart[] = [
    lineChart({ series: [{ name: "none", y: [] }] }),
    lineChart({ series: [{ name: "nan", y: [NaN, NaN] }], logY: true }),
    lineChart({ series: [] }),
    histogramChart({ series: [{ name: "equal", values: [2, 2, 2] }] }),
    histogramChart({ series: [{ name: "none", values: [] }, { name: "b", values: [1] }] }),
    heatmapChart({ values: [[0]] }),
    scatterChart({ points: [] }),
    scatterChart({ points: [{ x: 1, y: 1 }] }),
    barChart({ bars: [] }),
    graphChart({ nodes: [], edges: [] }),
  ];
  for (const chart of few) {
    const html = await chart.html();
    ok(!/NaN|undefined|Infinity/.test(html), html);
    ok(!/undefined|NaN%/.test(chart.lines(60).join("\n")), chart.lines(60).join("\n"));
  }
});

Deno.test("lineChart() thins out a long curve", async () => {
  const y = Array.from({ length: 100_001 }, (_, i) => i % 7);
  const html = await lineChart({ series: [{ name: "y", y }] }).html();
  ok(html.length < 60_000);
});

Deno.test("heatmapChart() shades by absolute value, with other characters for negative values", () => {
  const [top, middle, bottom] = heatmapChart({ values: [[0, 4], [2, 1], [-4, -1]] }).lines(80);
  deepStrictEqual([top, middle, bottom], ["  ██", "▒▒░░", "##··"]);
});

Deno.test("histogramChart() scales bars to the greatest density", () => {
  const [line] = histogramChart({ series: [{ name: "", values: [0, .1, .9, 1] }], bins: 4 }).lines(40);
  strictEqual(line.trim(), "0 █  █ 1");
});

Deno.test("graphChart() refuses directions other than LR and TB", () => {
  const direction: any = "RL";
  throws(() => graphChart({ nodes: [], edges: [], direction }), {
    name: "RangeError",
    message: /give LR or TB/,
  });
});

Deno.test("a chart shows its title, legend and SVG in a notebook, and its lines in plain text", async () => {
  const chart = lineChart({ title: "a <b>", series: [{ name: "x", y: [1, 2] }, { name: "y", y: [2, 1] }] });
  const bundle = await chart[jupyterDisplay]();
  strictEqual(bundle["text/plain"], ["a <b>", ...chart.lines(80)].join("\n"));
  const html = bundle["text/html"];
  ok(html.includes(">a &lt;b&gt;</b>") && html.includes('class="legend"') && html.includes("<svg"), html);
  const colours = [...html.matchAll(/var\((--[\w-]+)\)/g)].map(([, name]) => name);
  deepStrictEqual(colours.filter((name) => !html.includes(`${name}: `)), []);
});

Deno.test("barChart() draws bars of one axis as long as their values, in charts that are compared", async () => {
  const lengthOf = async (value: number, most?: number) => {
    const chart = barChart({ bars: [{ name: "a", value }], ...(most !== undefined && { most }) });
    const width = Number(/<rect[^>]* width="([\d.]+)"/.exec(await chart.html())?.[1]);
    const [line] = chart.lines(80);
    return [width, line.split("█").length - 1];
  };
  const [whole, half, alone] = [await lengthOf(1, 1), await lengthOf(.5, 1), await lengthOf(.5)];
  ok(Math.abs(whole[0] - 2 * half[0]) <= 2 && whole[1] === 2 * half[1], `${whole} and ${half}`);
  ok(alone[1] === whole[1]);
});
