/**
 * Opens lesson pages in a browser and looks at what a reader meets: widths, sizes, contrasts, names.
 *
 * @module
 */
import { deepStrictEqual, ok } from "node:assert/strict";
import { pathToFileURL } from "node:url";
import { accessibilityProblems, motions, withBrowser } from "../../browser_page.ts";
import { beforeDeadline } from "../../deadline.ts";
import { withFolder } from "../../temporary.ts";

/** Widths of a telephone and of a desk's screen, in pixels. */
const widths = [400, 1200];

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
}

/**
 * Checks that a page is readable at 400 and 1200 pixels, light and dark: nothing is clipped, texts are large
 * enough, charts have names with numbers, axe finds no mistakes, nothing moves for a person who has asked for
 * less motion, and nothing is loaded.
 */
export async function checkPages(pages: Readonly<Record<string, string>>): Promise<void> {
  await withFolder((folder) =>
    withBrowser(folder, async (open) => {
      for (const [name, html] of Object.entries(pages)) {
        const path = `${folder}/${name}.html`, address = pathToFileURL(path).href;
        await Deno.writeTextFile(path, html);
        const { page, problems, requests } = await open(address);
        for (const scheme of ["light", "dark"]) {
          await page.emulateMediaFeatures([{ name: "prefers-color-scheme", value: scheme }]);
          for (const width of widths) {
            await page.setViewport({ width, height: 900 });
            const where = `${name} at ${width} pixels, ${scheme}`;
            const found = await beforeDeadline(page.evaluate(measure) as Promise<Measured>);
            ok(found.pageWidth <= width, `${where}: the page is ${found.pageWidth} pixels wide`);
            deepStrictEqual(found.clipped, [], where);
            ok(
              found.smallest[0] >= 12 && found.smallest[1] >= 9,
              `${where}: texts of ${found.smallest} pixels`,
            );
            deepStrictEqual([found.wideCode, found.charts[1]], [0, 0], where);
          }
          deepStrictEqual(
            await beforeDeadline(accessibilityProblems(page), 120_000),
            [],
            `${name}, ${scheme}`,
          );
        }
        deepStrictEqual(await beforeDeadline(motions(page)), [], name);
        deepStrictEqual([problems, requests], [[], [address]]);
      }
    })
  );
}

/** Evaluates an expression in a page. */
export async function evaluateIn<T>(html: string, expression: string): Promise<T> {
  let value: unknown;
  await withFolder((folder) =>
    withBrowser(folder, async (open) => {
      await Deno.writeTextFile(`${folder}/page.html`, html);
      const { page } = await open(pathToFileURL(`${folder}/page.html`).href);
      value = await beforeDeadline(page.evaluate(expression));
    })
  );
  return value as T;
}

/** Runs in the page. */
const measure = `(() => {
  const all = [...document.querySelectorAll("body *")];
  const scrolls = (at) => at.closest(".scroll, .chart, pre") !== null;
  const size = (at) => parseFloat(getComputedStyle(at).fontSize);
  const chartSize = (text) => {
    const svg = text.closest("svg"), box = svg.viewBox.baseVal.width;
    return size(text) * (box === 0 ? 1 : svg.getBoundingClientRect().width / box);
  };
  const least = (sizes) => sizes.length === 0 ? 99 : Math.min(...sizes);
  const charts = [...document.querySelectorAll("svg")];
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
  };
})()`;
