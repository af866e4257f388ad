/**
 * Tests what the playground's worker says of work that another request overtakes.
 *
 * @module
 */
import { deepStrictEqual, ok, strictEqual } from "node:assert/strict";
import type { Page } from "puppeteer-core";
import { defaultWish, type EngineWish } from "../../../pipelines/page/playground/address.ts";
import type { Answer, Request } from "../../../pipelines/page/playground/protocol.ts";
import { browser } from "../../browser.ts";
import { beforeDeadline } from "../../deadline.ts";
import { none, smallSettings, smallText, withPlayground } from "./open_playground.ts";

const wish: EngineWish = { ...defaultWish, engine: "single" };
const train = (steps: number): string =>
  request({ type: "train", settings: { ...smallSettings, steps }, text: smallText, wish });
const request = (asked: Request): string => JSON.stringify(asked);
const isState = (state: string): string =>
  `(answer) => answer.type === "state" && answer.state === "${state}"`;
const is = (type: string): string => `(answer) => answer.type === "${type}"`;
const isStep = (step: number): string =>
  `(answer) => answer.type === "steps" && answer.events.some((event) => event.step >= ${step})`;

/**
 * Sends requests, given as JavaScript, when an answer satisfies the condition before them. Returns all
 * answers to the last.
 */
async function conversation(
  page: Page,
  turns: readonly (readonly [when: string, requests: string])[],
  last: string,
): Promise<readonly Answer[]> {
  const script = `new Promise((resolve) => {
    const worker = new Worker("worker.js"), answers = [], isLast = ${last};
    const turns = [${turns.map(([when, requests]) => `[${when}, () => [${requests}]]`).join(", ")}];
    const send = () => turns.shift()[1]().forEach((request) => worker.postMessage(request));
    worker.onerror = (event) => resolve([{ type: "failed", why: event.message }]);
    worker.onmessage = ({ data }) => {
      answers.push(data);
      if (turns.length > 0 && turns[0][0](data)) send();
      else if (turns.length === 0 && isLast(data)) {
        worker.terminate();
        resolve(answers);
      }
    };
    send();
  })`;
  return await beforeDeadline(page.evaluate(script) as Promise<Answer[]>);
}

Deno.test({
  name:
    `the playground's worker says nothing of a run in whose place another begins, and ends what it stops${none}`,
  ignore: browser === null,
  sanitizeOps: false, // the browser's pipes
  sanitizeResources: false,
  fn: () =>
    withPlayground({}, async ({ page }) => {
      const anew = await conversation(
        page,
        [["null", train(100_000)], [isStep(20), train(12)]],
        isState("done"),
      );
      const second = anew.findLastIndex(({ type }) => type === "model");
      const steps = anew.slice(second).flatMap((answer) =>
        answer.type === "steps" ? answer.events.map(({ step }) => step) : []
      );
      deepStrictEqual(steps, Array.from({ length: 12 }, (_, i) => i));
      deepStrictEqual(anew.filter(({ type }) => type === "failed"), []);
      deepStrictEqual(
        anew.flatMap((answer) => answer.type === "state" ? [answer.state] : []),
        ["training", "training", "done"],
      );

      const how = { prompt: "The", temperature: 1, topK: 0, tokens: 100_000, seed: 1 };
      const written = await conversation(
        page,
        [
          ["null", train(1)],
          [isState("done"), request({ type: "generate", how })],
          [is("piece"), request({ type: "stop" })],
        ],
        `({ type }) => type === "generated" || type === "failed"`,
      );
      strictEqual(written.at(-1)?.type, "generated");

      const bad = await conversation(
        page,
        [["null", `${train(100_000)}, ${request({ type: "open", files: [], wish })}`]],
        `(() => { const seen = []; return ({ type, what, state }) => {
          seen.push(what ?? state);
          return seen.includes("open") && seen.includes("stopped");
        }; })()`,
      );
      ok(bad.some((answer) => answer.type === "failed" && answer.what === "open"));

      const files = `answers.find(({ type }) => type === "saved").files
        .map(({ name, content }) => new File([content], name))`;
      const opened = await conversation(
        page,
        [
          ["null", train(1)],
          [isState("done"), request({ type: "save" })],
          [is("saved"), train(100_000)],
          [isStep(20), `{ type: "open", wish: ${JSON.stringify(wish)}, files: ${files} }`],
          [is("model"), request({ type: "generate", how: { ...how, tokens: 20 } })],
        ],
        is("generated"),
      );
      const since = opened.slice(opened.findLastIndex(({ type }) => type === "model"));
      deepStrictEqual([...new Set(since.map(({ type }) => type))], ["model", "piece", "generated"]);
    }),
});
