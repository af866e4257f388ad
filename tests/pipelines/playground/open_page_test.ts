/**
 * Tests what a person sees and does on the playground's page: accessibility, widths, motion, dropped texts
 * and models, and the page opened from disk by a lesson's link.
 *
 * @module
 */
import { deepStrictEqual, match, ok, rejects, strictEqual } from "node:assert/strict";
import { pathToFileURL } from "node:url";
import type { Page } from "puppeteer-core";
import { openCpu } from "../../../kernels/engine/cpu/cpu_engine.ts";
import { live } from "../../../pipelines/lesson/item.ts";
import { lessonPage } from "../../../pipelines/lesson/page.ts";
import { type LiveFigure, liveFigures } from "../../../pipelines/page/playground/live_figures.ts";
import { corpusOf } from "../../../pipelines/page/playground/training/corpus.ts";
import { planOf, TrainingRun } from "../../../pipelines/page/playground/training/run.ts";
import { TrainingControl, trainToEnd } from "../../../pipelines/page/playground/worker/train.ts";
import { Turns } from "../../../pipelines/page/playground/worker/turns.ts";
import { buildPlayground } from "../../../pipelines/parts/playground/build.ts";
import { browser } from "../../browser.ts";
import { accessibilityProblems, motions, withBrowser } from "../../browser_page.ts";
import { beforeDeadline } from "../../deadline.ts";
import { sharedTest } from "../../shared_data.ts";
import { withFolder } from "../../temporary.ts";
import { none, smallSettings, smallText, withPlayground } from "./open_playground.ts";

const options = {
  ignore: browser === null && Deno.env.get("CI") !== "true",
  sanitizeOps: false, // the browser's pipes
  sanitizeResources: false,
};
const small = "?steps=12&layers=1&channels=16&context=8&tokens=char";
const isDone =
  `document.querySelector("[aria-label=Run] [role=status]").textContent === "All updates are made"`;

Deno.test({
  name:
    `the playground is accessible and fits 1200 and 400 px, light and dark, before and after a run${none}`,
  ...options,
  fn: () =>
    withPlayground({ query: small }, async ({ page, problems, until }) => {
      const look = async (what: string) => {
        for (const value of ["light", "dark"]) {
          await page.emulateMediaFeatures([{ name: "prefers-color-scheme", value }]);
          for (const width of [1200, 400]) {
            await page.setViewport({ width, height: 900 });
            const where = `${what}, ${value}, ${width} px`;
            await until(`${clipped}.length === 0`).catch(() => {}); // charts follow the width a little later
            strictEqual(await page.evaluate("document.documentElement.scrollWidth"), width, where);
            deepStrictEqual(await page.evaluate(clipped), [], where);
            deepStrictEqual(await beforeDeadline(accessibilityProblems(page), 120_000), [], where);
          }
        }
        deepStrictEqual(await motions(page), [], what);
      };
      await look("before a run");
      await page.click("button[type=submit].main");
      await until(isDone);
      await until(`document.querySelector("canvas.map") !== null`);
      await page.evaluate(`document.querySelectorAll("details").forEach((details) => details.open = true)`);
      for (const figure of ["learning-rate", "context"]) {
        await page.focus(`#${figure} input`);
        await page.keyboard.press("ArrowRight");
        await until(`document.querySelector("#${figure} .plot") !== null`);
      }
      // While the pointer is away, a legend shows the values at the figure's mark, and follows it.
      await page.focus("#derivative input");
      await page.keyboard.press("ArrowRight");
      await until(`[...document.querySelectorAll("#derivative .plot")].map((plot) =>
        [...plot.querySelectorAll(".u-value")].map((value) => value.textContent).join())[0] ===
        "1.55,0.9935,0.9935"`);
      await look("after a run");
      deepStrictEqual(problems, []);
      for (const [value, paper] of [["light", "255,255,255"], ["dark", "20,23,26"]] as const) {
        await page.emulateMediaFeatures([{ name: "prefers-color-scheme", value }]);
        await until(`${mapPaper} === "${paper}"`);
      }
    }),
});

/** Expression: the colour in which the attention map has no weights. */
const mapPaper = `(() => {
  const map = document.querySelector("canvas.map");
  return [...map.getContext("2d").getImageData(map.width - 2, 2, 1, 1).data].slice(0, 3).join();
})()`;

/** Expression: what is cut off at the side, where nothing scrolls. */
const clipped = `[...document.querySelectorAll("main *")].filter((element) => {
  if (element.closest("svg, .u-wrap") !== null && !element.matches("svg, .u-wrap")) return false;
  return element.getBoundingClientRect().right > document.documentElement.clientWidth + 0.5;
}).map((element) => element.outerHTML.slice(0, 80))`;

Deno.test({
  name: `a lesson's links lead to live figures of the playground, from disk and without a server${none}`,
  ...options,
  fn: () =>
    withFolder((folder) =>
      withBrowser(folder, async (open) => {
        const figures = Object.keys(liveFigures) as LiveFigure[];
        await buildPlayground(`${folder}/playground`, {
          speeches: smallText,
          names: "Ada\nBea\nCleo\n".repeat(40),
        });
        await Deno.mkdir(`${folder}/lesson`);
        await Deno.writeTextFile(
          `${folder}/lesson/report.html`,
          await lessonPage({
            title: "a lesson",
            items: figures.map(live),
            options: [],
            playground: "../playground/index.html",
          }),
        );
        const address = pathToFileURL(`${folder}/lesson/report.html`).href;
        for (const figure of figures) {
          const { page, problems, requests, until } = await open(address);
          await page.click(`.live a[href$="#${figure}"]`);
          const top = `Math.round(document.getElementById("${figure}").getBoundingClientRect().top)`;
          await until(`document.getElementById("${figure}") !== null`);
          // Its top stands at that of the window, or the page ends before.
          await until(
            `Math.abs(${top}) <= 1 || scrollY + innerHeight >= document.documentElement.scrollHeight - 1`,
          );
          await page.focus(`#${figure} input`);
          await page.keyboard.press("ArrowRight");
          await until(`document.querySelector("#${figure} .plot canvas") !== null`);
          strictEqual(await page.$(`#${figure} .fault`), null);
          if (figure === figures[0]) {
            await page.goto(`${pathToFileURL(`${folder}/playground/index.html`).href}${small}`);
            await page.click("button[type=submit].main");
            await until(isDone);
            match(String(await page.$eval(".engine", (line) => line.textContent)), /calling thread/);
            match(await page.evaluate("location.search") as string, /steps=12/);
          }
          deepStrictEqual(problems, []);
          ok(requests.every((url) => /^(file|blob):/.test(url)), `${requests}`);
        }
      })
    ),
});

Deno.test("a lesson's page names the playground's command where it has not been built", async () => {
  const html = await lessonPage({ title: "a lesson", items: [live("context")], options: [] });
  match(html, /In <code>deno task pipeline playground<\/code>, under “The context”\./);
});

Deno.test("a run whose loss is NaN or infinite stops, and says which learning rate to choose", async () => {
  const settings = { ...smallSettings, steps: 200, lr: 1e30 }, corpus = corpusOf(smallText, settings);
  const plan = planOf(settings, corpus.tokenizer.vocabSize);
  await using run = await TrainingRun.open(await openCpu({ threads: 0 }), { plan, settings, corpus });
  await rejects(
    trainToEnd(run, { control: new TrainingControl(), turns: new Turns(), send: () => {} }),
    /^RangeError: The loss is (NaN|-?Infinity) at update \d+: choose a learning rate of at most 1e\+29$/,
  );
  ok(run.step < 20, `${run.step}`);
});

/** Drops files or folders on an element, as a file manager does, or a marked text. */
async function drop(page: Page, selector: string, what: readonly string[] | string): Promise<void> {
  const box = await (await page.$(selector))?.boundingBox();
  if (!box) throw new Error(`There is no ${selector} to drop on`);
  const session = await page.createCDPSession();
  const at = { x: box.x + box.width / 2, y: box.y + 10 };
  const data = typeof what === "string"
    ? { items: [{ mimeType: "text/plain", data: what }], files: [], dragOperationsMask: 1 }
    : { items: [], files: [...what], dragOperationsMask: 1 };
  for (const type of ["dragEnter", "dragOver", "drop"] as const) {
    await session.send("Input.dispatchDragEvent", { type, ...at, data });
  }
}

Deno.test({
  name: `a file dropped beside the panels leaves the page, and a marked text falls into the field${none}`,
  ...options,
  fn: () =>
    withPlayground({ query: `${small}&text=own` }, async ({ page, problems, until, address }) => {
      await withFolder(async (folder) => {
        await Deno.writeTextFile(`${folder}/mine.txt`, "not to be opened");
        await drop(page, "h1", [`${folder}/mine.txt`]);
        await page.evaluate(`document.querySelector("textarea").scrollIntoView()`);
        await drop(page, "textarea", "a marked text");
        await until(`document.querySelector("textarea").value === "a marked text"`);
        ok(page.url().startsWith(address), page.url());
        const says = (what: string) =>
          until(`/${what}/.test(document.querySelector("form.choices").textContent)`);
        for (const length of [500, 501]) {
          await Deno.writeTextFile(`${folder}/mine.txt`, "a".repeat(length));
          await drop(page, "textarea", [`${folder}/mine.txt`]);
          await says(
            `${length} characters[^]*${length > 500 ? "but not your text" : "holds these choices: copy"}`,
          );
          strictEqual(new URL(page.url()).searchParams.has("own"), length <= 500);
        }
        deepStrictEqual(problems, []);
      });
    }),
});

const model = ["model.safetensors", "config.json", "tokenizer.json"].map((name) =>
  `golden/models/llama/${name}`
);

sharedTest(
  `a text and a folder with a model are dropped on the page${none}`,
  model,
  async (path) => {
    if (browser === null) return;
    await withPlayground({ query: `${small}&text=own` }, async ({ page, problems, until }) => {
      await withFolder(async (folder) => {
        await Deno.writeTextFile(`${folder}/mine.txt`, smallText);
        await page.evaluate(`document.querySelector("textarea").scrollIntoView()`);
        await drop(page, "textarea", [`${folder}/mine.txt`]);
        await until(`document.querySelector("textarea").value === ${JSON.stringify(smallText)}`);

        // Like a run's folder: what belongs together lies in several folders, and older weights beside it.
        await Deno.mkdir(`${folder}/model/b/c`, { recursive: true });
        await Deno.mkdir(`${folder}/model/a`);
        await Deno.writeTextFile(`${folder}/model/a/model.safetensors`, "older, and damaged");
        for (const file of model) {
          const name = file.slice(file.lastIndexOf("/") + 1);
          await Deno.copyFile(path(file), `${folder}/model/b/${name.startsWith("token") ? "c/" : ""}${name}`);
        }
        await page.evaluate(`document.querySelector("[aria-label='Model files']").scrollIntoView()`);
        await drop(page, "[aria-label='Model files']", [`${folder}/model`]);
        await until(`/A model from files/.test(document.querySelector("[aria-label=Run]").textContent)`);
        match(
          String(await page.$eval("[aria-label='Model files']", (panel) => panel.textContent)),
          /A llama of a Hugging Face folder: [\d,]+ parameters/,
        );
        await Deno.mkdir(`${folder}/empty`);
        await page.evaluate(`document.querySelector("[aria-label='Model files']").scrollIntoView()`);
        await drop(page, "[aria-label='Model files']", [`${folder}/empty`]);
        await until(
          `/no file with weights among no files/.test(document.querySelector("[aria-label='Model files']").textContent)`,
        );
        deepStrictEqual(problems, []);
      });
    });
  },
);
