import { deepStrictEqual, match, ok, strictEqual } from "node:assert/strict";
import { browser } from "../../browser.ts";
import { beforeDeadline } from "../../deadline.ts";
import { checkLosses, none, withPlayground } from "./open_playground.ts";

Deno.test({
  name: `the playground trains on WASM threads to Deno's losses within 1e-5, and asks nobody else${none}`,
  ignore: browser === null,
  sanitizeOps: false, // the browser's pipes
  sanitizeResources: false,
  fn: () =>
    withPlayground({ query: "?steps=12&layers=1&channels=16&context=8&tokens=char" }, async (opened) => {
      const { page, problems, hosts, address } = opened;
      strictEqual(await page.evaluate("crossOriginIsolated"), true);
      await checkLosses(page, { engine: "threads", threads: 2 }, /2 threads/);

      await page.click("button[type=submit].main");
      await beforeDeadline(page.waitForFunction(
        `document.querySelector("[aria-label=Run] [role=status]").textContent === "All updates are made"`,
      ));
      const facts = String(await page.$eval(".facts", (facts) => facts.textContent));
      match(facts, /Update12 of 12/);
      await beforeDeadline(page.waitForSelector("canvas.map"));
      ok(await page.$("blockquote") !== null, "no sample");
      match(String(await page.$eval(".plot", (plot) => plot.getAttribute("aria-label"))), /^Loss by update/);
      match(await page.evaluate("location.search") as string, /steps=12/);
      deepStrictEqual(problems, []);
      deepStrictEqual([...hosts], [new URL(address).host]);
    }),
});
