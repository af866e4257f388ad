/**
 * Opens lesson pages in a browser and looks at what a reader meets: widths, sizes, contrasts, names.
 *
 * @module
 */
import { deepStrictEqual, ok } from "node:assert/strict";
import { pathToFileURL } from "node:url";
import puppeteer, { type Page } from "puppeteer-core";
import { browserPath } from "../../browser.ts";
import { beforeDeadline } from "../../deadline.ts";
import { withFolder } from "../../temporary.ts";

const axe = await Deno.readTextFile(new URL(import.meta.resolve("axe-core/axe.min.js")));

/** Widths of a telephone and of a desk's screen, in pixels. */
const widths = [400, 1200];

/** Runs `work` with a page in a browser that is closed afterwards. */
async function withPage(work: (page: Page, folder: string) => Promise<void>): Promise<void> {
  await withFolder(async (folder) => {
    const chromium = await puppeteer.launch({
      executablePath: await browserPath(),
      args: ["--no-sandbox", "--disable-gpu", "--disable-background-networking"],
      userDataDir: `${folder}/profile`,
    });
    try {
      await work(await chromium.newPage(), folder);
    } finally {
      await chromium.close();
    }
  });
}

/** What the browser measures on a page. */
interface Measured {
  readonly pageWidth: number;
  /** Elements that are wider than the page and not in a box that scrolls. */
  readonly clipped: readonly string[];
  /** Sizes in pixels of the smallest text of the page and of its charts. */
  readonly smallest: readonly [page: number, charts: number];
  /** Code whose lines are wider than its box. */
  readonly wideCode: number;
  /** Numbers of charts, and of charts without a name that says a number. */
  readonly charts: readonly [all: number, unnamed: number];
  /** Rules of accessibility that are broken, and where. */
  readonly violations: readonly string[];
}

/**
 * Checks that a page is readable at 400 and 1200 pixels, light and dark: nothing is clipped, texts are large
 * enough, charts have names with numbers, axe finds no mistakes, and nothing is loaded.
 */
export async function checkPages(pages: Readonly<Record<string, string>>): Promise<void> {
  await withPage(async (page, folder) => {
    const problems: string[] = [], requests: string[] = [];
    page.on("pageerror", (error) => problems.push(String(error)));
    page.on("console", (message) => problems.push(message.text()));
    page.on("request", (request) => requests.push(request.url()));
    for (const [name, html] of Object.entries(pages)) {
      const path = `${folder}/${name}.html`, url = pathToFileURL(path).href;
      await Deno.writeTextFile(path, html);
      for (const [width, scheme] of widths.flatMap((width) => [[width, "light"], [width, "dark"]] as const)) {
        const where = `${name} at ${width} pixels, ${scheme}`;
        await page.setViewport({ width, height: 900 });
        await page.emulateMediaFeatures([{ name: "prefers-color-scheme", value: scheme }]);
        await beforeDeadline(page.goto(url));
        await page.evaluate(axe);
        const found = await beforeDeadline(page.evaluate(measure) as Promise<Measured>, 120_000);
        deepStrictEqual(found.violations, [], where);
        ok(found.pageWidth <= width, `${where}: the page is ${found.pageWidth} pixels wide`);
        deepStrictEqual(found.clipped, [], where);
        ok(found.smallest[0] >= 12 && found.smallest[1] >= 9, `${where}: texts of ${found.smallest} pixels`);
        deepStrictEqual([found.wideCode, found.charts[1]], [0, 0], where);
      }
    }
    const own = Object.keys(pages).map((name) => pathToFileURL(`${folder}/${name}.html`).href);
    deepStrictEqual([problems, requests.filter((url) => !own.includes(url))], [[], []]);
  });
}

/** Evaluates an expression in a page of the given width. */
export async function evaluateIn<T>(html: string, expression: string, width = 1200): Promise<T> {
  let value: unknown;
  await withPage(async (page, folder) => {
    await Deno.writeTextFile(`${folder}/page.html`, html);
    await page.setViewport({ width, height: 900 });
    await beforeDeadline(page.goto(pathToFileURL(`${folder}/page.html`).href));
    value = await beforeDeadline(page.evaluate(expression));
  });
  return value as T;
}

/** Runs in the page. */
const measure = `(async () => {
  const all = [...document.querySelectorAll("body *")];
  const scrolls = (at) => at.closest(".scroll, .chart, pre") !== null;
  const size = (at) => parseFloat(getComputedStyle(at).fontSize);
  const chartSize = (text) => {
    const svg = text.closest("svg"), box = svg.viewBox.baseVal.width;
    return size(text) * (box === 0 ? 1 : svg.getBoundingClientRect().width / box);
  };
  const least = (sizes) => sizes.length === 0 ? 99 : Math.min(...sizes);
  const charts = [...document.querySelectorAll("svg")];
  const results = await axe.run(document, { resultTypes: ["violations"] });
  return {
    pageWidth: document.documentElement.scrollWidth,
    clipped: all.filter((at) => !scrolls(at) && at.getBoundingClientRect().right > innerWidth + 1)
      .map((at) => at.outerHTML.slice(0, 100)),
    smallest: [
      least(all.filter((at) => at.closest("svg") === null && at.textContent.trim() !== "").map(size)),
      least([...document.querySelectorAll("svg text")].map(chartSize)),
    ],
    wideCode: [...document.querySelectorAll(".code pre")].filter((at) => at.scrollWidth > at.clientWidth).length,
    charts: [
      charts.length,
      charts.filter((at) => at.getAttribute("role") !== "img" || !/\\d|no values/.test(at.getAttribute("aria-label")))
        .length,
    ],
    violations: results.violations.map(({ id, nodes }) =>
      id + ": " + nodes.slice(0, 3).map(({ html, failureSummary }) => html.slice(0, 160) + " " + failureSummary).join("; ")
    ),
  };
})()`;
