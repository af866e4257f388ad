import { deepStrictEqual, ok, strictEqual } from "node:assert/strict";
import { browser } from "../../browser.ts";
import { beforeDeadline } from "../../deadline.ts";
import { checkLosses, none, type OpenOptions, withPlayground } from "./open_playground.ts";
import type { EngineWish } from "../../../pipelines/page/playground/address.ts";

const variants: readonly (readonly [string, OpenOptions, Partial<EngineWish>, RegExp])[] = [
  ["one thread", {}, { engine: "single" }, /calling thread/],
  ["one thread without relaxed SIMD", {}, { engine: "single", simd: "plain" }, /without relaxed SIMD/],
  [
    "two threads without relaxed SIMD",
    {},
    { engine: "threads", threads: 2, simd: "plain" },
    /2 threads.*without/,
  ],
  [
    "what there is in a page that is not isolated",
    { isolated: false },
    {},
    /calling thread: the page may not/,
  ],
  ["what there is in an isolated page without a GPU", { args: ["--disable-gpu"] }, {}, /threads.*no GPU/],
];

for (const [what, options, wish, device] of variants) {
  Deno.test({
    name: `the playground has Deno's losses on ${what}${none}`,
    ignore: browser === null,
    sanitizeOps: false, // the browser's pipes
    sanitizeResources: false,
    fn: () => withPlayground(options, ({ page }) => checkLosses(page, wish, device)),
  });
}

Deno.test({
  name: `the playground pauses, resumes, stops, and says what to choose where a run is impossible${none}`,
  ignore: browser === null,
  sanitizeOps: false,
  sanitizeResources: false,
  fn: () =>
    withPlayground({ query: "?layers=1&channels=16&context=8&tokens=char&steps=100000" }, async (opened) => {
      const { page, problems } = opened;
      const says = (text: string) =>
        beforeDeadline(page.waitForFunction(
          `document.querySelector("[aria-label=Run]").textContent.includes(${JSON.stringify(text)})`,
        ));
      const button = (text: string) =>
        page.evaluate(
          `[...document.querySelectorAll("button")].find((b) => b.textContent.trim() === "${text}").click()`,
        );
      const update = async () =>
        Number(
          /Update([\d,]+)/.exec(String(await page.$eval(".facts", (facts) => facts.textContent)))?.[1]
            .replaceAll(",", ""),
        );
      await page.click("button.main");
      await beforeDeadline(
        page.waitForFunction(`/Update\\d/.test(document.querySelector(".facts").textContent)`),
      );
      await button("Pause");
      await says("Rests");
      const rested = await update();
      await page.type(".ask input:not([type])", "The");
      await button("Write");
      await beforeDeadline(page.waitForFunction(`document.querySelector("form.ask + blockquote") !== null`));
      strictEqual(await update(), rested);
      await button("Resume");
      await beforeDeadline(page.waitForFunction(
        `+/Update([\\d,]+)/.exec(document.querySelector(".facts").textContent)[1].replaceAll(",", "") > ${rested}`,
      ));
      await button("Stop");
      await says("Stopped");

      const choose = async (name: string, value: string) => {
        const input = await page.$(`aria/${name}[role="spinbutton"]`);
        await input?.click({ count: 3 });
        await input?.type(value);
      };
      await choose("Channels", "1024");
      await choose("Context", "1024");
      await choose("Batch", "256");
      await choose("Layers", "24");
      await button("Train");
      await says("this tab may use");
      await choose("Heads", "3");
      ok(await page.$eval("button.main", (main) => main.disabled), "a run with 3 heads can be started");
      deepStrictEqual(problems, []);
    }),
});
