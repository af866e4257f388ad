/**
 * Opens the built playground in a browser.
 *
 * @module
 */
import { ok, strictEqual } from "node:assert/strict";
import type { Page } from "puppeteer-core";
import { openCpu } from "../../../kernels/engine/cpu/cpu_engine.ts";
import { defaultWish, type EngineWish } from "../../../pipelines/page/playground/address.ts";
import type { Answer } from "../../../pipelines/page/playground/protocol.ts";
import { defaults, type Settings } from "../../../pipelines/page/playground/settings.ts";
import { corpusOf } from "../../../pipelines/page/playground/training/corpus.ts";
import { planOf, TrainingRun } from "../../../pipelines/page/playground/training/run.ts";
import { buildPlayground } from "../../../pipelines/parts/playground/build.ts";
import { hostHeaders } from "../../../pipelines/parts/playground/host_headers.ts";
import { serveFolder } from "../../../pipelines/parts/playground/serve_folder.ts";
import { browser } from "../../browser.ts";
import { type OpenPage, withBrowser } from "../../browser_page.ts";
import { beforeDeadline } from "../../deadline.ts";
import { withFolder } from "../../temporary.ts";

/** End of a test's name and what ignores it where there is no browser. */
export const none: string = browser === null ? " (ignored: no chromium)" : "";

/** A text of 3,000 characters with two kinds of sentences. */
export const smallText: string = Array.from(
  { length: 60 },
  (_, i) => `The ${i % 3 === 0 ? "people" : "states"} of line ${i * 7 % 60} met in year ${1790 + i}.\n`,
).join("");

/** A run of a second. */
export const smallSettings: Settings = {
  ...defaults,
  tokens: "char",
  layers: 2,
  heads: 2,
  channels: 32,
  context: 16,
  batch: 4,
  steps: 12,
};

/** The playground's page. */
export interface OpenPlayground extends OpenPage {
  readonly address: string;
}

/** How the page is served and opened. */
export interface OpenOptions {
  /** Query of the address, such as "?steps=12". */
  readonly query?: string;
  /** Whether the server isolates the page from other origins; default true. */
  readonly isolated?: boolean;
  readonly texts?: Readonly<Record<string, string>>;
  /** Further arguments of the browser. */
  readonly args?: readonly string[];
}

/** Builds and serves the playground, opens it, and closes all afterwards. */
export async function withPlayground(
  { query = "", isolated = true, texts, args = [] }: OpenOptions,
  work: (opened: OpenPlayground) => Promise<void>,
): Promise<void> {
  await withFolder(async (folder) => {
    const site = `${folder}/site`;
    await buildPlayground(site, texts ?? { speeches: smallText, names: "Ada\nBea\nCleo\n".repeat(40) });
    const headers = isolated ? hostHeaders : hostHeaders.filter(([name]) => !name.startsWith("Cross-Origin"));
    await using server = serveFolder(site, { port: 0, headers });
    const options = {
      args,
      env: { PATH: Deno.env.get("PATH") ?? "", HOME: folder }, // not those that lead Deno to its adapter
      patience: PATIENCE,
    };
    await withBrowser(folder, async (open) => {
      const { page, problems, requests, until } = await open(`${server.address}${query}`);
      await until(`document.querySelector("form.choices") !== null`);
      await work({ page, problems, requests, until, address: server.address });
    }, options);
  });
}

/** Milliseconds for one request: on a software adapter, kernels alone take a minute to compile. */
const PATIENCE = 240_000;

/** Answers of the page's worker to one request, until one that satisfies `last`. */
export async function answersOf(
  page: Page,
  request: unknown,
  last: string,
): Promise<readonly Answer[]> {
  const script = `new Promise((resolve) => {
    const worker = new Worker("worker.js"), answers = [];
    worker.onerror = (event) => resolve([{ type: "failed", why: event.message }]);
    worker.onmessage = ({ data }) => {
      answers.push(data);
      if (data.type === "failed" || (${last})(data)) {
        worker.terminate();
        resolve(answers);
      }
    };
    worker.postMessage(${JSON.stringify(request)});
  })`;
  return await beforeDeadline(page.evaluate(script) as Promise<Answer[]>, PATIENCE);
}

/** Fails unless the page's losses of a small run are those of Deno's CPU engine. */
export async function checkLosses(page: Page, wish: Partial<EngineWish>, device: RegExp): Promise<void> {
  const request = {
    type: "train",
    settings: smallSettings,
    text: smallText,
    wish: { ...defaultWish, ...wish },
  };
  const answers = await answersOf(
    page,
    request,
    `(answer) => answer.type === "state" && answer.state === "done"`,
  );
  const failed = answers.find((answer) => answer.type === "failed");
  strictEqual(failed?.type === "failed" ? failed.why : undefined, undefined);
  const engine = answers.find((answer) => answer.type === "engine");
  ok(engine?.type === "engine" && device.test(`${engine.device}: ${engine.why}`), JSON.stringify(engine));
  const losses = answers.flatMap((answer) =>
    answer.type === "steps" ? answer.events.map(({ loss }) => loss) : []
  );
  const expected = await denoLosses(smallSettings, smallText);
  strictEqual(losses.length, expected.length);
  expected.forEach((loss, i) =>
    ok(Math.abs(losses[i] - loss) < 1e-5, `step ${i}: ${losses[i]} in the browser, ${loss} in Deno`)
  );
  ok(expected[11] < expected[0] - 0.3, `losses of ${expected[0]} to ${expected[11]}`);
}

/** Returns the losses of a run on Deno's CPU engine. */
async function denoLosses(settings: Settings, text: string): Promise<readonly number[]> {
  const corpus = corpusOf(text, settings), plan = planOf(settings, corpus.tokenizer.vocabSize);
  await using run = await TrainingRun.open(await openCpu({ threads: 1 }), { plan, settings, corpus });
  const losses: number[] = [];
  while (!run.finished) losses.push(...(await run.update()).map(({ loss }) => loss));
  return [...losses, ...(await run.drain()).map(({ loss }) => loss)];
}
