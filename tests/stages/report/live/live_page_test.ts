/**
 * Opens live pages in a browser.
 *
 * @module
 */
import { deepStrictEqual, ok, strictEqual } from "node:assert/strict";
import { encodeEvent } from "../../../../stages/flow/event_json.ts";
import type { RunEvent } from "../../../../stages/flow/events.ts";
import { LiveRun } from "../../../../stages/report/live/live_run.ts";
import { serveRuns } from "../../../../stages/report/live/serve_runs.ts";
import { browser } from "../../../browser.ts";
import { motions, withBrowser } from "../../../browser_page.ts";
import { withFolder } from "../../../temporary.ts";
import { inspectEvent, runEvents, stageEvent, stepEvent } from "../events.ts";

const none = browser === null ? " (ignored: no chromium)" : "";

Deno.test({
  name: `the live page shows events as they come, survives a reconnect and asks nobody else${none}`,
  ignore: browser === null,
  sanitizeOps: false, // the browser's pipes
  sanitizeResources: false,
  fn: () =>
    withFolder(async (folder) => {
      const append = (...events: RunEvent[]) =>
        Deno.writeTextFile(
          `${folder}/metrics.jsonl`,
          events.map((event) => `${encodeEvent(event)}\n`).join(""),
          { append: true },
        );
      await append(...runEvents(20).slice(0, -1));
      const run = new LiveRun("small", folder);
      const serve = (port: number, token?: string) =>
        serveRuns({ port, pollEvery: 20, runs: () => [run], ...(token !== undefined && { token }) });
      let server = serve(0);
      try {
        await withBrowser(folder, async (open) => {
          const { page, problems, requests, until } = await open(server.address);
          const fact = (text: string) =>
            until(
              `[...document.querySelectorAll(".fact")].some((f) => f.textContent === ${
                JSON.stringify(text)
              })`,
            );
          await fact("20steps");
          await append(stepEvent(20));
          await fact("21steps");
          await append({ type: "sample", step: 21, text: "<b>new</b> text" }, inspectEvent(21, "x"));
          await until(`document.querySelector(".heat rect.cell") !== null`);
          strictEqual(await page.$eval("pre", (pre) => pre.textContent), "<b>new</b> text");
          const event = stageEvent("speeches", { out: 5000, busy: 1 });
          if (event.type === "stage") run.takeNow(event);
          await until(`document.querySelector(".graph").textContent.includes("5000 items")`);

          const { port, token } = server;
          await server.close();
          await until(`/trying again/.test(document.querySelector(".status").textContent)`);
          await append(stepEvent(21), stepEvent(22));
          server = serve(port, token);
          await fact("23steps");

          // Started again without the token: the browser gives up, and so does the page.
          await server.close();
          server = serve(port);
          await until(`/refused: open the address/.test(document.querySelector(".status").textContent)`);
          ok(await page.evaluate(`!/trying again/.test(document.querySelector(".status").textContent)`));
          await server.close();
          server = serve(port, token);
          await page.reload();
          await fact("23steps");

          await append({ type: "done", reason: "finished" });
          await page.focus(".controls button");
          await page.keyboard.press("Tab");
          await page.keyboard.press("Enter");
          strictEqual(
            await page.$eval(".controls button:nth-child(2)", (b) => b.getAttribute("aria-pressed")),
            "true",
          );
          for (const width of [1200, 400]) {
            await page.setViewport({ width, height: 900 });
            strictEqual(await page.evaluate("document.documentElement.scrollWidth"), width);
          }
          deepStrictEqual(await motions(page), []);
          // The browser also says that it could not reconnect while the server was closed.
          deepStrictEqual(problems.filter((text) => !/Failed to load resource/.test(text)), []);
          deepStrictEqual([...new Set(requests.map((url) => new URL(url).host))], [`127.0.0.1:${port}`]);
          ok(await page.$$eval("svg[role=img]", (all) => all.every((svg) => svg.getAttribute("aria-label"))));
        });
      } finally {
        await server.close();
      }
    }),
});

Deno.test({
  name: `a live page says that a run is silent, and until when it was heard${none}`,
  ignore: browser === null,
  sanitizeOps: false, // the browser's pipes
  sanitizeResources: false,
  fn: () =>
    withFolder(async (folder) => {
      const path = `${folder}/metrics.jsonl`;
      const lines = runEvents(20).slice(0, -1).map((event) => `${encodeEvent(event)}\n`).join("");
      await Deno.writeTextFile(path, lines);
      await Deno.writeTextFile(`${folder}/config.json`, '{"options":{"steps":40}}');
      const ago = (seconds: number) => Deno.utime(path, new Date(), new Date(Date.now() - 1000 * seconds));
      const run = new LiveRun("small", folder), other = new LiveRun("other", folder);
      const server = serveRuns({ port: 0, pollEvery: 20, runs: () => [run, other] });
      try {
        await withBrowser(folder, async (open) => {
          await ago(40); // its steps take half a second
          const { page, until } = await open(`${server.address}&run=small`);
          await until(
            `/live · step 20 of 40 .*about 10 s left/.test(document.querySelector(".status").textContent)`,
          );
          await ago(300);
          await page.reload();
          // Seconds later too: the connection itself is no news of the run.
          await until(
            `/^live .*step 20 of 40 .*no news for 5 min [2-9] s/.test(document.querySelector(".status").textContent)`,
          );
          const all = await open(server.address);
          await all.until(`/2 runs, 2 without news/.test(document.querySelector(".status").textContent)`);
          await Deno.writeTextFile(path, `${encodeEvent(stepEvent(20))}\n`, { append: true });
          await until(`/step 21 of 40 .*s left/.test(document.querySelector(".status").textContent)`);
          await all.until(`/2 runs, 2 going on/.test(document.querySelector(".status").textContent)`);
        });
      } finally {
        await server.close();
      }
    }),
});

Deno.test({
  name: `a live page of several runs tries again until all have ended, and one of ended runs does not${none}`,
  ignore: browser === null,
  sanitizeOps: false, // the browser's pipes
  sanitizeResources: false,
  fn: () =>
    withFolder(async (folder) => {
      const runs = await Promise.all(["first", "second"].map(async (name) => {
        await Deno.mkdir(`${folder}/${name}`);
        return new LiveRun(name, `${folder}/${name}`);
      }));
      const append = (name: string, ...events: RunEvent[]) =>
        Deno.writeTextFile(
          `${folder}/${name}/metrics.jsonl`,
          events.map((event) => `${encodeEvent(event)}\n`).join(""),
          { append: true },
        );
      for (const { name } of runs) await append(name, ...runEvents(20).slice(0, -1));
      const done: RunEvent = { type: "done", reason: "finished" };
      const serve = (port: number, token?: string) =>
        serveRuns({ port, pollEvery: 20, runs: () => runs, ...(token !== undefined && { token }) });
      let server = serve(0);
      const { port, token } = server;
      try {
        await withBrowser(folder, async (open) => {
          const says = (pattern: RegExp) => `${pattern}.test(document.querySelector(".status").textContent)`;
          const { until } = await open(server.address);
          await until(says(/^live · 2 runs, 2 going on/));
          await append("first", done);
          await until(says(/2 runs, 1 going on/));
          await server.close();
          await until(says(/trying again/));
          server = serve(port, token);
          await until(says(/^live · 2 runs, 1 going on/));
          await append("second", done);
          await until(says(/2 runs, all have ended/));
          const late = await open(`${server.address}&run=first`); // which has ended before
          await late.until(says(/^finished/));
          await server.close();
          await until(says(/the runs have ended/));
          await late.until(says(/the run has ended/));
        });
      } finally {
        await server.close();
      }
    }),
});
