/**
 * Tests of the playground's panels: what they show once a choice, a prompt or a model has changed.
 *
 * @module
 */
import { deepStrictEqual, match, ok, strictEqual } from "node:assert/strict";
import type { Page } from "puppeteer-core";
import { browser } from "../../browser.ts";
import { none, smallText, withPlayground } from "./open_playground.ts";

const options = {
  ignore: browser === null && Deno.env.get("CI") !== "true",
  sanitizeOps: false, // the browser's pipes
  sanitizeResources: false,
};
const small = "?steps=12&layers=1&channels=16&context=8&tokens=char&engine=single";
const status = `document.querySelector("[aria-label=Run] [role=status]").textContent`;
const written = `document.querySelector("form.ask + blockquote")`;

Deno.test({
  name: `the choices are no taller than the window, and their button can be reached in it${none}`,
  ...options,
  fn: () =>
    withPlayground({ query: `${small}&text=own` }, async ({ page, problems, until }) => {
      await page.setViewport({ width: 1200, height: 650 });
      await until("innerHeight === 650");
      await page.evaluate(`document.querySelector(".figures").scrollIntoView({ block: "end" })`);
      await page.evaluate("scrollTo(0, 300)");
      const bottom = (selector: string) =>
        page.$eval(selector, (element) => element.getBoundingClientRect().bottom);
      const panel = await bottom(".choices");
      ok(panel > 600 && panel <= 650, `${panel}`);
      await page.evaluate(`document.querySelector(".choices").scrollTop = 1e6`);
      const button = await bottom("button.main");
      ok(button > 0 && button <= panel, `${button} of ${panel}`);
      await page.setViewport({ width: 600, height: 650 }); // all below each other: the page alone scrolls
      await until("innerWidth === 600");
      strictEqual(
        await page.$eval(".choices", ({ scrollHeight, clientHeight }) => scrollHeight - clientHeight),
        0,
      );
      deepStrictEqual(problems, []);
    }),
});

Deno.test({
  name: `a text that the model wrote keeps its prompt, and goes with the model${none}`,
  ...options,
  fn: () =>
    withPlayground({ query: small }, async ({ page, problems, until }) => {
      await page.click("button.main");
      await until(`${status} === "All updates are made"`);
      await page.type(".ask input:not([type])", "The p");
      await page.click(".ask button");
      await until(`${written} !== null && document.querySelector(".ask button").textContent === "Write"`);
      await page.type(".ask input:not([type])", "eople");
      await until(`document.querySelector(".ask input:not([type])").value === "The people"`);
      const text = String(await page.$eval("form.ask + blockquote", (quote) => quote.textContent));
      match(text, /^The p/);
      ok(!text.startsWith("The people"), text);
      await page.click("button.main");
      await until(`${written} === null && ${status} === "All updates are made"`);
      deepStrictEqual(problems, []);
    }),
});

Deno.test({
  name: `the page forgets a model that was closed for another that the device has no memory for${none}`,
  ...options,
  fn: () =>
    withPlayground({ query: small }, async ({ page, problems, until }) => {
      await page.click("button.main");
      await until(`${status} === "All updates are made"`);
      const [worker] = page.workers();
      await worker.evaluate(`(() => {
        const { Memory } = WebAssembly;
        WebAssembly.Memory = function () {
          WebAssembly.Memory = Memory; // the next time there is some
          throw new RangeError("WebAssembly.Memory(): could not allocate memory");
        };
      })()`);
      await page.click("button.main");
      await until(`/no memory left/.test(document.querySelector("[aria-label=Run]").textContent)`);
      strictEqual(await page.evaluate(status), "Nothing is trained yet");
      deepStrictEqual(await disabled(page), { Write: true, "Save the model": true });
      match(String(await page.$eval(".facts", (facts) => facts.textContent)), /^Update–.*Parameters–/);
      await page.click("button.main");
      await until(`${status} === "All updates are made"`);
      deepStrictEqual(await disabled(page), { Write: false, "Save the model": false });
      deepStrictEqual(problems, []);
    }),
});

/** Whether the buttons that need a model are disabled, by their text. */
async function disabled(page: Page): Promise<unknown> {
  return await page.evaluate(`Object.fromEntries(["Write", "Save the model"].map((name) => [
    name,
    [...document.querySelectorAll("button")].find((button) => button.textContent.trim() === name)?.disabled,
  ]))`);
}

Deno.test({
  name: `the page shows the run that goes on where the text of another cannot be read${none}`,
  ...options,
  fn: () =>
    withPlayground(
      { query: small.replace("steps=12", "steps=100000"), texts: { speeches: smallText } },
      async ({ page, until }) => {
        await page.click("button.main");
        await until(`${status} === "Trains"`);
        await page.select(".choices select", "names");
        await page.click("button.main");
        await until(`/names.txt is not beside this page/.test(document.querySelector("#run").textContent)`);
        strictEqual(await page.evaluate(status), "Trains");
        await page.evaluate(`[...document.querySelectorAll("#run button")].at(-1).click()`);
        await until(`${status} === "Stopped; the model stays as it is"`);
      },
    ),
});

Deno.test({
  name: `a live figure shows the value at which its slider comes to rest${none}`,
  ...options,
  fn: () =>
    withPlayground({ query: small }, async ({ page, problems, until }) => {
      await page.evaluate(`(() => {
        const slider = document.querySelector("#context input");
        for (let value = 1; value <= 7; value++) {
          slider.value = value;
          slider.dispatchEvent(new Event("input", { bubbles: true }));
        }
      })()`);
      await until(`document.querySelector("#context .plot") !== null &&
        document.querySelector("#context button").textContent.trim() === "Try all contexts"`);
      match(String(await page.$eval("#context label", (label) => label.textContent)), /^Context of 16 /);
      ok(await page.$("#context blockquote") !== null, "nothing is shown for 16 letters");
      // What it passed is not trained, apart from the first.
      const tried = await page.$eval("#context .plot", (plot) => plot.getAttribute("aria-label"));
      match(String(tried), /^Held-out loss by context: 2: [\d.]+, 16: [\d.]+$/);
      deepStrictEqual(problems, []);
    }),
});
