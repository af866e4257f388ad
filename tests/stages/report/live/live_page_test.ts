/**
 * Opens live pages in a browser.
 *
 * @module
 */
import { deepStrictEqual, ok, strictEqual } from "node:assert/strict";
import puppeteer from "puppeteer-core";
import { encodeEvent } from "../../../../stages/flow/event_json.ts";
import type { RunEvent } from "../../../../stages/flow/events.ts";
import { LiveRun } from "../../../../stages/report/live/live_run.ts";
import { serveRuns } from "../../../../stages/report/live/serve_runs.ts";
import { browser } from "../../../browser.ts";
import { beforeDeadline } from "../../../deadline.ts";
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
      const chromium = await puppeteer.launch({
        executablePath: await pathOf(browser ?? ""),
        args: ["--no-sandbox", "--disable-gpu", "--disable-background-networking"],
        userDataDir: `${folder}/profile`,
      });
      try {
        const page = await chromium.newPage();
        const problems: string[] = [], hosts = new Set<string>();
        page.on("pageerror", (error) => problems.push(String(error)));
        page.on("request", (request) => {
          const { protocol, host } = new URL(request.url());
          if (protocol !== "data:") hosts.add(host); // the page's own modules
        });
        await page.goto(server.address);
        const fact = (text: string) =>
          beforeDeadline(page.waitForFunction(
            `[...document.querySelectorAll(".fact")].some((f) => f.textContent === ${JSON.stringify(text)})`,
          ));
        await fact("20steps");
        await append(stepEvent(20));
        await fact("21steps");
        await append({ type: "sample", step: 21, text: "<b>new</b> text" }, inspectEvent(21, "x"));
        await beforeDeadline(page.waitForFunction(`document.querySelector(".heat rect.cell") !== null`));
        strictEqual(await page.$eval("pre", (pre) => pre.textContent), "<b>new</b> text");
        const event = stageEvent("speeches", { out: 5000, busy: 1 });
        if (event.type === "stage") run.takeNow(event);
        await beforeDeadline(
          page.waitForFunction(`document.querySelector(".graph").textContent.includes("5000 items")`),
        );

        const { port, token } = server;
        await server.close();
        await beforeDeadline(
          page.waitForFunction(`/trying again/.test(document.querySelector(".status").textContent)`),
        );
        await append(stepEvent(21), stepEvent(22));
        server = serve(port, token);
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
        deepStrictEqual(problems, []);
        deepStrictEqual([...hosts], [`127.0.0.1:${port}`]);
        ok(await page.$$eval("svg[role=img]", (all) => all.every((svg) => svg.getAttribute("aria-label"))));
      } finally {
        await chromium.close();
        await server.close();
      }
    }),
});

/** Returns the path of a command. */
async function pathOf(command: string): Promise<string> {
  const { stdout } = await new Deno.Command("sh", { args: ["-c", `command -v ${command}`] }).output();
  return new TextDecoder().decode(stdout).trim();
}
