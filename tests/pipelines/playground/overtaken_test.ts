/**
 * Tests what the playground's worker does with work that another request overtakes, and with its model where
 * a request fails.
 *
 * @module
 */
import { deepStrictEqual, match, ok, strictEqual } from "node:assert/strict";
import type { Page } from "puppeteer-core";
import { defaultWish, type EngineWish } from "../../../pipelines/page/playground/address.ts";
import type { Answer, GenerateSettings, Request } from "../../../pipelines/page/playground/protocol.ts";
import { browser } from "../../browser.ts";
import { beforeDeadline } from "../../deadline.ts";
import { none, smallSettings, smallText, withPlayground } from "./open_playground.ts";

const wish: EngineWish = { ...defaultWish, engine: "single" };
const train = (steps: number): string => trainWith({ settings: { ...smallSettings, steps } });
const trainWith = (changed: Partial<Extract<Request, { readonly type: "train" }>>): string =>
  request({ type: "train", settings: smallSettings, text: smallText, wish, ...changed });
const how: GenerateSettings = { prompt: "The", temperature: 1, topK: 0, tokens: 20, seed: 1 };
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

const options = {
  ignore: browser === null,
  sanitizeOps: false, // the browser's pipes
  sanitizeResources: false,
};

Deno.test({
  name:
    `the playground's worker says nothing of a run in whose place another begins, and ends what it stops${none}`,
  ...options,
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

      const written = await conversation(
        page,
        [
          ["null", train(1)],
          [isState("done"), request({ type: "generate", how: { ...how, tokens: 100_000 } })],
          [is("piece"), request({ type: "stop" })],
        ],
        `({ type }) => type === "generated" || type === "failed"`,
      );
      strictEqual(written.at(-1)?.type, "generated");

      const files = `answers.find(({ type }) => type === "saved").files
        .map(({ name, content }) => new File([content], name))`;
      const open = `{ type: "open", wish: ${JSON.stringify(wish)}, files: ${files} }`;
      const opened = await conversation(
        page,
        [
          ["null", train(1)],
          [isState("done"), request({ type: "save" })],
          [is("saved"), train(100_000)],
          [isStep(20), open],
          [is("model"), request({ type: "generate", how })],
        ],
        is("generated"),
      );
      const since = opened.slice(opened.findLastIndex(({ type }) => type === "model"));
      deepStrictEqual([...new Set(since.map(({ type }) => type))], ["model", "piece", "generated"]);

      // A run that is asked for while files are read comes after them.
      const both = await conversation(
        page,
        [
          ["null", train(1)],
          [isState("done"), request({ type: "save" })],
          [is("saved"), `${open}, ${train(12)}`],
        ],
        isState("done"),
      );
      deepStrictEqual(
        both.flatMap((answer) => answer.type === "model" ? [answer.facts.steps] : []),
        [1, 0, 12],
      );
    }),
});

Deno.test({
  name:
    `the playground's worker keeps its model, and the run that goes on, where files cannot be opened${none}`,
  ...options,
  fn: () =>
    withPlayground({}, async ({ page }) => {
      const stray = `{ type: "open", wish: ${JSON.stringify(wish)}, files: [new File(["x"], "notes.txt")] }`;
      const answers = await conversation(
        page,
        [
          ["null", train(100_000)],
          [isStep(20), stray],
          [is("failed"), request({ type: "pause" })],
          [`({ state }) => state === "paused" || state === "stopped"`, request({ type: "resume" })],
        ],
        `({ type, state }) => type === "steps" || state === "stopped"`,
      );
      match(failuresOf(answers).join(), /^There is no file with weights among notes\.txt: /);
      deepStrictEqual(
        answers.flatMap((answer) => answer.type === "state" ? [answer.state] : []),
        ["training", "paused", "training"],
      );
    }),
});

Deno.test({
  name: `the playground's worker keeps its model where another cannot be trained${none}`,
  ...options,
  fn: () =>
    withPlayground({ args: ["--disable-gpu"] }, async ({ page }) => {
      const large = { ...smallSettings, layers: 24, channels: 1024, context: 1024, batch: 256 };
      const answers = await conversation(
        page,
        [
          ["null", train(1)],
          [isState("done"), trainWith({ text: "too short" })],
          [is("failed"), trainWith({ settings: large })],
          [is("failed"), trainWith({ wish: { ...wish, engine: "webgpu" } })],
          [is("failed"), request({ type: "save" })],
          [`({ type }) => type === "saved" || type === "failed"`, request({ type: "generate", how })],
        ],
        is("generated"),
      );
      const failures = failuresOf(answers);
      strictEqual(failures.length, 3, failures.join("\n"));
      match(failures[0], /^The text has 8 tokens to train on/);
      match(failures[1], /^This run needs .* GB, and this tab may use .* GB/);
      match(failures[2], /^This browser has no WebGPU adapter/);
      deepStrictEqual(
        answers.slice(answers.findLastIndex(({ type }) => type === "failed") + 1).map(({ type }) => type)
          .filter((type, i, all) => type !== all[i - 1]),
        ["saved", "piece", "generated"],
      );
    }),
});

function failuresOf(answers: readonly Answer[]): readonly string[] {
  return answers.flatMap((answer) => answer.type === "failed" ? [answer.why] : []);
}

Deno.test({
  name: `the playground's worker looks at the last of the texts that come while it is busy${none}`,
  ...options,
  fn: () =>
    withPlayground({}, async ({ page }) => {
      const typed = Array.from({ length: 30 }, (_, i) => smallText.slice(0, i + 1));
      const answers = await conversation(
        page,
        [
          ["null", train(1)],
          [isState("done"), typed.map((text) => request({ type: "look", text })).join()],
        ],
        `({ look }) => look?.text.bytes === ${typed.length}`,
      );
      deepStrictEqual(failuresOf(answers), []);
      const looks = answers.filter(({ type }) => type === "look").length;
      ok(looks <= 2, `${looks} looks`); // the first may have begun before the second was asked for
    }),
});
