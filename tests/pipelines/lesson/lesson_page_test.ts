/** Opens a lesson's page in a browser. */
import { deepStrictEqual, ok, strictEqual } from "node:assert/strict";
import {
  check,
  code,
  figure,
  heading,
  type Item,
  lines,
  say,
  table,
} from "../../../pipelines/lesson/item.ts";
import { lessonPage } from "../../../pipelines/lesson/page.ts";
import micrograd from "../../../pipelines/micrograd.ts";
import { browser } from "../../browser.ts";
import { charts } from "../../stages/report/charts.ts";
import { checkPages, evaluateIn } from "./check_page.ts";
import { runLesson } from "./run_lesson.ts";

const options = {
  ignore: browser === null && Deno.env.get("CI") !== "true",
  sanitizeOps: false, // the browser's pipes
  sanitizeResources: false,
};
const none = browser === null ? " (ignored: no chromium)" : "";
const wide = "李小龍 🙂 Ängström", long = "averylongnamewithoutanyspaces".repeat(4);

/** Items of every kind, with wide and long texts. */
function everyItem(): Item[] {
  return [
    { kind: "lecture", title: `A lecture of ${wide}`, url: "https://example.org/" },
    heading(wide),
    say(`A paragraph with \`code of ${long}\` and ${wide}.`),
    code("kernels/models/course/mlp_manual.ts", "backwardInSteps"),
    say("Another one."),
    { kind: "claim", name: "it holds", holds: true, text: `The claim holds for ${wide}.` },
    code("pipelines/lesson/letters.ts", "splitWords"),
    { kind: "claim", name: "it fails", holds: false, text: "The claim does not hold." },
    lines([wide, long.repeat(3), "a  b  c"]),
    table(["a name", "", "loss", "note"], [[wide, "x", 1.5, long], ["b", "y", 22.25, "short"]]),
    check({ name: long, ours: 1.5, lecture: 1.5, source: "a notebook" }),
    check({ name: "names", ours: wide, lecture: "b", source: "a notebook", mayDiffer: "other data" }),
    ...Object.values(charts("a name")).map((chart) => figure(`A figure of ${wide}.`, chart, chart)),
  ];
}

Deno.test({
  name:
    `a page of every kind of item is readable at 400 and 1200 pixels, light and dark, and loads nothing${none}`,
  ...options,
  async fn() {
    const next = { name: "makemore-mlp", page: null };
    const page = await lessonPage({
      title: wide,
      items: everyItem(),
      options: ["--seed 1"],
      next,
      source: "a/b.ts",
    });
    const { items } = await runLesson(micrograd);
    const real = await lessonPage({
      title: "Micrograd",
      items,
      options: [],
      source: "pipelines/micrograd.ts",
      next: { name: "makemore-bigram", page: "../makemore-bigram/report.html" },
    });
    await checkPages({ every: page, micrograd: real });
  },
});

Deno.test({
  name: `wide characters take two columns of a page's preformatted text, whatever the font${none}`,
  ...options,
  async fn() {
    const rows = ["ab cd|", "李小 |", "🙂🙂 |", "é█→─x|", "👩‍👩‍👧x__|"];
    const page = await lessonPage({ title: "a", items: [lines(rows)], options: [] });
    const places = await evaluateIn<number[]>(
      page,
      `(() => {
        const pre = document.querySelector("pre"), walker = document.createTreeWalker(pre, NodeFilter.SHOW_TEXT);
        const found = [];
        for (let node = walker.nextNode(); node; node = walker.nextNode()) {
          for (let i = 0; i < node.data.length; i++) {
            if (node.data[i] !== "|") continue;
            const range = document.createRange();
            range.setStart(node, i);
            range.setEnd(node, i + 1);
            found.push(range.getBoundingClientRect().left);
          }
        }
        return found;
      })()`,
    );
    strictEqual(places.length, rows.length);
    for (const place of places) ok(Math.abs(place - places[0]) < .6, `${places}`);
  },
});

Deno.test("a page shows code from the source with its place, and links to lecture, source and next lesson", async () => {
  const page = (next: { name: string; page: string | null } | null) =>
    lessonPage({
      title: "a",
      items: everyItem(),
      options: [],
      next,
      source: "pipelines/micrograd.ts",
      linkTo: (file) => `../../${file}`,
    });
  const html = await page({ name: "makemore-bigram", page: "../makemore-bigram/report.html" });
  ok(html.includes('<a href="https://example.org/">A lecture of'), "the lecture");
  ok(html.includes('<a href="../../pipelines/micrograd.ts">pipelines/micrograd.ts</a>'), "the source");
  ok(
    html.includes('Next lesson: <a href="../makemore-bigram/report.html">makemore-bigram</a>'),
    "the next lesson",
  );
  ok(
    (await page({ name: "makemore-bigram", page: null })).includes(
      "Next lesson: <code>deno task pipeline makemore-bigram</code>",
    ),
    "a command where there is no page yet",
  );
  ok(!(await page(null)).includes("Next lesson"), "none after the last lesson");
  const shown = [...html.matchAll(/<a href="\.\.\/\.\.\/([^"]+)">[^<]*<\/a>, lines (\d+) to (\d+)/g)];
  deepStrictEqual(shown.map(([, file]) => file), [
    "kernels/models/course/mlp_manual.ts",
    "pipelines/lesson/letters.ts",
  ]);
  for (const [, file, first, last] of shown) {
    const source = await Deno.readTextFile(new URL(`../../../${file}`, import.meta.url));
    const expected = source.split("\n").slice(Number(first) - 1, Number(last)).map((line) => line.trim());
    const rows = [...html.matchAll(/<span class="row"[^>]*>(.*?)<\/span>(?=<span class="row"|<\/code>)/g)]
      .map(([, row]) => row.replace(/<[^>]+>/g, "")).map(unescaped);
    ok(
      rows.join("\n").includes(expected.join("\n").replace(/^$/gm, " ")),
      `${file}: the lines of the source`,
    );
  }
});

function unescaped(text: string): string {
  return text.replaceAll("&lt;", "<").replaceAll("&gt;", ">").replaceAll("&quot;", '"').replaceAll(
    "&#39;",
    "'",
  )
    .replaceAll("&amp;", "&");
}
