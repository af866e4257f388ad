/**
 * Tests what a reader sees and does on the page of a run: accessibility, widths, keyboard, the switches of
 * compared runs, buttons, transcripts.
 *
 * @module
 */
import { deepStrictEqual, match, ok, strictEqual } from "node:assert/strict";
import { pathToFileURL } from "node:url";
import type { RunEvent } from "../../../../stages/flow/events.ts";
import { LiveRun } from "../../../../stages/report/live/live_run.ts";
import { MOST_COMPARED, serveRuns } from "../../../../stages/report/live/serve_runs.ts";
import { reportPage, reportPageOf } from "../../../../stages/report/report.ts";
import { RunDigest } from "../../../../stages/report/run_digest.ts";
import { browser } from "../../../browser.ts";
import { accessibilityProblems, motions, withBrowser } from "../../../browser_page.ts";
import { withFolder } from "../../../temporary.ts";
import { encodeEvent } from "../../../../stages/flow/event_json.ts";
import { inspectEvent, runEvents, stageEvent, stepEvent } from "../events.ts";

const none = browser === null ? " (ignored: no chromium)" : "";
const hostile = `<img src=x onerror="globalThis.hit = 1"><script>globalThis.hit = 1</script>`;

function pageTest(name: string, fn: () => Promise<void>): void {
  Deno.test({
    name: `${name}${none}`,
    ignore: browser === null && Deno.env.get("CI") !== "true",
    sanitizeOps: false, // the browser's pipes
    sanitizeResources: false,
    fn,
  });
}

/** Events of everything that the page can show, with hostile texts where texts come from data. */
function everything(): RunEvent[] {
  const rollout = (step: number): RunEvent => ({
    type: "rollout",
    step,
    item: step,
    reward: step / 10,
    parts: { correct: step / 20, format: 0.5 },
    zeroVariance: 0.2,
    entropy: 1.5,
    length: 20,
    minLength: 3,
    maxLength: 40,
    cutOff: 0.1,
    toolCalls: 0.5,
    toolFailures: 0,
    policyLoss: 0,
    kl: 0.01 * step,
    best: `best of ${step} ${hostile}`,
    worst: `worst of ${step} ${hostile}`,
  });
  const rest = runEvents(40, hostile).slice(1);
  const op = { op: "matmul", calls: 2, seconds: 0.5, share: 0.9, waiting: 0.1, gflops: 10, gigabytes: 2 };
  return [
    {
      type: "run",
      pipeline: "small",
      device: "cpu: 2 threads",
      parameters: 1e6,
      command: "deno task pipeline train --out x",
      started: "2026-11-30T10:00:00.000Z",
      commit: "0123456789012345678901234567890123456789",
      memory: { parameter: 2 ** 20, activation: 3 * 2 ** 20 },
    },
    {
      type: "graph",
      stages: [
        { name: "speeches", after: null },
        { name: "language", after: "speeches", workers: 2 },
        { name: hostile, after: "language" },
        { name: "train", after: "language", ahead: 2 },
      ],
    },
    ...rest.slice(0, -1),
    stageEvent(hostile, { in: 90, out: 90, busy: 0.1, blocked: 3 }),
    { type: "stage", name: "train", in: 40, out: 40, dropped: {}, busy: 20, blocked: 1, queued: 2, full: 15 },
    { type: "task", step: 20, task: "sums", reward: 0.5, items: 50 },
    { type: "task", step: 40, task: "sums", reward: 0.75, items: 50 },
    ...Array.from({ length: 6 }, (_, i) => rollout(i)),
    { type: "preference", step: 1, loss: 0.7, accuracy: 0.5, margin: 0 },
    { type: "preference", step: 2, loss: 0.6, accuracy: 0.7, margin: 0.3 },
    inspectEvent(20, hostile),
    inspectEvent(40, hostile),
    { type: "checkpoint", step: 40, path: "runs/small/checkpoints/step-000040", seconds: 0.2 },
    { type: "profile", step: 4, steps: 5, device: "cpu", ops: [op] },
    { type: "done", reason: "finished" },
  ];
}

pageTest(
  "a page with everything is accessible, fits 1200 and 400 px and asks nobody, light and dark",
  () =>
    withFolder(async (folder) => {
      await Deno.writeTextFile(
        `${folder}/report.html`,
        reportPage({
          events: everything(),
          options: { steps: 40, prompt: hostile },
          removed: [{ stage: "language", reason: "not english", id: "1", text: hostile, length: 900 }],
          title: "everything",
        }),
      );
      const address = pathToFileURL(`${folder}/report.html`).href;
      await withBrowser(folder, async (open) => {
        const { page, problems, requests, until } = await open(address);
        await page.evaluate(`document.querySelectorAll("details").forEach((details) => details.open = true)`);
        for (const value of ["light", "dark"]) {
          await page.emulateMediaFeatures([{ name: "prefers-color-scheme", value }]);
          for (const width of [1200, 400]) {
            await page.setViewport({ width, height: 900 });
            await until(`document.querySelector(".uplot") !== null`);
            await until(`${clipped}.length === 0`).catch(() => {}); // charts follow the width a little later
            strictEqual(await page.evaluate("document.documentElement.scrollWidth"), width, value);
            deepStrictEqual(await page.evaluate(clipped), [], `${value}, ${width} px`);
            deepStrictEqual(await page.evaluate(downwards), [], `${value}, ${width} px`);
            deepStrictEqual(await page.evaluate(pale), [], `${value}, ${width} px`);
            deepStrictEqual(await accessibilityProblems(page), [], `${value}, ${width} px`);
          }
        }
        deepStrictEqual(await motions(page), []);
        deepStrictEqual(problems, []);
        deepStrictEqual(requests, [address]);
        strictEqual(await page.evaluate(`"hit" in globalThis`), false);
        const texts =
          `[...document.querySelectorAll("canvas[role=img]")].map((c) => c.getAttribute("aria-label"))`;
        const names = await page.evaluate(texts) as string[];
        ok(names.length > 15 && names.every((name) => name.length > 20), `${names}`);
        match(names[0], /^Loss, that of the update over steps\. training: from 7 to \d/);
      });
    }),
);

/** Expression: colours of curves that can hardly be told from their panel: below a contrast of 3. */
const pale = `(() => {
  const light = (color) => {
    const [r, g, b] = color.match(/[\\d.]+/g).map((x) => x / 255)
      .map((x) => x <= 0.04045 ? x / 12.92 : ((x + 0.055) / 1.055) ** 2.4);
    return 0.2126 * r + 0.7152 * g + 0.0722 * b + 0.05;
  };
  return [...document.querySelectorAll(".u-series:not(:first-child) .u-marker")].filter((marker) => {
    const [a, b] = [getComputedStyle(marker).borderTopColor,
      getComputedStyle(marker.closest(".plot")).backgroundColor].map(light);
    return Math.max(a / b, b / a) < 3;
  }).map((marker) => marker.parentElement.textContent + " " + marker.style.border);
})()`;

/** Expression: headings of rows that are so narrow that they are read downwards. */
const downwards = `[...document.querySelectorAll("tbody th[scope=row]")].filter((cell) => {
  const text = document.createRange();
  text.selectNodeContents(cell.firstChild ?? cell);
  const lines = new Set([...text.getClientRects()].map(({ top }) => top)).size;
  return lines > 1 && text.toString().length < 5 * lines;
}).map((cell) => cell.outerHTML.slice(0, 80))`;

/** Expression: what is cut off at the side, where nothing scrolls. */
const clipped = `[...document.querySelectorAll("main *")].filter((element) => {
  if (element.closest("svg") !== null && element.tagName !== "svg") return false;
  if (element.closest(".scroll, .u-wrap") !== null && !element.matches(".scroll, .u-wrap")) return false;
  return element.getBoundingClientRect().right > document.documentElement.clientWidth + 0.5;
}).map((element) => element.outerHTML.slice(0, 80))`;

pageTest(
  "legends show the last values, those before the pointer, and of densities the spread",
  () =>
    withFolder(async (folder) => {
      await Deno.writeTextFile(`${folder}/report.html`, reportPage({ events: everything(), options: {} }));
      await withBrowser(folder, async (open) => {
        const { page, until } = await open(pathToFileURL(`${folder}/report.html`).href);
        const plotOf = (title: string) =>
          `[...document.querySelectorAll(".plot")].find((plot) =>
            plot.querySelector("h3").textContent.startsWith(${JSON.stringify(title)}))`;
        const legend = (title: string) => `${plotOf(title)}.querySelector(".u-legend").innerText`;
        /** Moves the pointer over a share of a plot's width, and returns the values of its legend. */
        const valuesAt = async (title: string, share: number) => {
          const point = await page.evaluate(`(() => {
            const over = ${plotOf(title)}.querySelector(".u-over");
            over.scrollIntoView({ block: "center" });
            const { left, top, width, height } = over.getBoundingClientRect();
            return [left + ${share} * width, top + height / 2];
          })()`) as [number, number];
          const before = await page.evaluate(legend(title));
          await page.mouse.move(...point);
          await until(`${legend(title)} !== ${JSON.stringify(before)}`);
          return await values(title);
        };
        const values = async (title: string) =>
          await page.evaluate(
            `[...${plotOf(title)}.querySelectorAll(".u-legend .u-value")].map((value) => value.textContent)`,
          ) as string[];
        const losses = await values("Loss, that");
        deepStrictEqual(losses, ["last", "5.566", "5", "6.5"]);
        const middle = await valuesAt("Loss, that", 0.75);
        ok(Number(middle[0]) > 20 && Number(middle[0]) < 40, `${middle}`);
        strictEqual(middle[2], "5"); // the evaluation after 20 updates
        strictEqual((await valuesAt("Loss, that", 0.1))[2], "–"); // before the first
        await page.mouse.move(0, 0);
        await until(`${legend("Loss, that")}.includes("last")`);
        deepStrictEqual(await values("Loss, that"), losses);

        const rest = await values("Activations");
        deepStrictEqual(rest, ["–", ...Array(4).fill("std 0.025")]);
        const [value, ...densities] = await valuesAt("Activations", 0.5);
        ok(Math.abs(Number(value)) < 0.5 && densities.every((density) => Number(density) > 0.5));
        await page.mouse.move(0, 0);
        await until(`${legend("Activations")}.includes("std")`);
      });
    }),
);

pageTest(
  "curves, transcripts and samples are chosen with the keyboard alone",
  () =>
    withFolder(async (folder) => {
      await Deno.writeTextFile(`${folder}/report.html`, reportPage({ events: everything(), options: {} }));
      await withBrowser(folder, async (open) => {
        const { page, problems, until } = await open(pathToFileURL(`${folder}/report.html`).href);
        const press = async (selector: string, key: "Enter" | "Space" | "ArrowLeft" | "ArrowRight") => {
          await page.focus(selector);
          await page.keyboard.press(key);
        };
        const name = `document.querySelector("canvas[role=img]").getAttribute("aria-label")`;
        await press(".controls button:nth-child(2)", "Enter");
        await until(`/over tokens/.test(${name})`);
        await press(".controls button:nth-child(3)", "Space");
        await until(`/over minutes/.test(${name})`);
        const least = async () => Number(/least ([\d.]+)/.exec(await page.evaluate(name) as string)?.[1]);
        const rough = await least();
        for (let i = 0; i < 50; i++) await press("input[type=range]", "ArrowRight");
        await until(`document.querySelector("input[type=range]").value === "0.5"`);
        ok(await least() > rough); // a smoothed falling curve ends higher
        const transcript = "input[aria-label='transcript along time']";
        await press(transcript, "ArrowLeft");
        await until(
          `[...document.querySelectorAll("pre")].some((pre) => pre.textContent.startsWith("best of 4 "))`,
        );
        await press("button[aria-label='later transcript']", "Enter");
        await until(
          `[...document.querySelectorAll("pre")].some((pre) => pre.textContent.startsWith("worst of 5 "))`,
        );
        const isOn = `document.querySelector(".u-legend .u-label[role=button]").getAttribute("aria-pressed")`;
        strictEqual(await page.evaluate(isOn), "true");
        await press(".u-legend .u-label[role=button]", "Enter");
        await until(`document.querySelector(".u-legend tr.u-off") !== null`);
        strictEqual(await page.evaluate(isOn), "false");
        deepStrictEqual(problems, []);

        await Deno.writeTextFile(`${folder}/plain.html`, reportPage({ events: runEvents(40), options: {} }));
        const plain = await open(pathToFileURL(`${folder}/plain.html`).href);
        const title = `document.querySelector(".plot h3").textContent`;
        await plain.until(`${title} === "Loss, nats per token"`);
        await plain.page.focus(".controls button:nth-child(5)");
        await plain.page.keyboard.press("Enter");
        await plain.until(`${title} === "Loss, bits per byte"`);
      });
    }),
);

/** A script that notes what is written below the first plot. */
const writtenBelow = `
  const written = [], { fillText } = CanvasRenderingContext2D.prototype;
  CanvasRenderingContext2D.prototype.fillText = function (text, x, y) {
    if (this.textAlign === "center" && this.canvas === document.querySelector(".plot canvas")) written.push(text);
    fillText.call(this, text, x, y);
  };
`;

pageTest(
  "an axis that counts has whole numbers after one step, and the page counts steps that it does not hold",
  () =>
    withFolder(async (folder) => {
      const many = Array.from({ length: 9000 }, (_, step) => ({
        ...stepEvent(step),
        ...(step % 10 === 3 && { skipped: "spike" }),
        ...(step % 20 === 7 && { loss: NaN }),
      })) as RunEvent[];
      await Deno.writeTextFile(`${folder}/one.html`, reportPage({ events: [stepEvent(0)], options: {} }));
      await Deno.writeTextFile(`${folder}/many.html`, reportPage({ events: many, options: {} }));
      await withBrowser(folder, async (open) => {
        const { page, problems } = await open(pathToFileURL(`${folder}/one.html`).href);
        await page.evaluateOnNewDocument(writtenBelow);
        await page.reload();
        const below = await page.evaluate("written") as string[];
        ok(below.includes("1") && below.every((text) => /^\d+$/.test(text)), `${below}`);

        const { page: long } = await open(pathToFileURL(`${folder}/many.html`).href);
        const text = await long.evaluate("document.body.innerText") as string;
        match(text, /Skipped updates: 900, the last at step 8,994/);
        match(text, /NaN or infinite, first at step 8\n/);
        match(text, /NaN or infinite in 450 places, which the curves leave out; the first is step 8\./);
        deepStrictEqual(problems, []);
      });
    }),
);

pageTest(
  "losses of rewards are not called nats per token beside each other",
  () =>
    withFolder(async (folder) => {
      const events = everything().map((event) =>
        event.type === "eval" ? { ...event, text: "one", bytes: 900 } : event
      );
      await Deno.writeTextFile(
        `${folder}/report.html`,
        reportPage({
          title: "a",
          events,
          tokenizer: "t",
          options: {},
          others: [{ name: "b", events, tokenizer: "t" }],
          compared: [{ lr: 1 }, { lr: 2 }],
        }),
      );
      await withBrowser(folder, async (open) => {
        const { page, problems } = await open(pathToFileURL(`${folder}/report.html`).href);
        const text = await page.evaluate("document.body.innerText") as string;
        match(text, /Loss, that of the update\n/);
        match(text, /\nloss of the update\t/);
        ok(!/training loss/.test(text));
        deepStrictEqual(problems, []);
      });
    }),
);

pageTest(
  "runs are shown and hidden, and their losses share a plot only where they compare",
  () =>
    withFolder(async (folder) => {
      const own = (text: string) =>
        runEvents(20).map((event) => event.type === "eval" ? { ...event, text, bytes: 900 } : event);
      const others = [
        { name: `b ${hostile}`, events: own("one"), tokenizer: "t" },
        { name: "c", events: own("two"), tokenizer: "t" },
      ];
      await Deno.writeTextFile(
        `${folder}/report.html`,
        reportPage({
          title: "a",
          events: own("one"),
          tokenizer: "t",
          options: {},
          others,
          compared: [{ lr: 1, out: "a" }, { lr: 2, out: "b" }, { lr: 1, out: "c" }],
        }),
      );
      await withBrowser(folder, async (open) => {
        const { page, problems, until } = await open(pathToFileURL(`${folder}/report.html`).href);
        const titles = `[...document.querySelectorAll(".plot h3")].map((h) => h.textContent)`;
        const shown = await page.evaluate(titles) as string[];
        ok(
          shown.includes(`Loss, nats per token: a, b ${hostile}`) &&
            shown.includes("Loss, nats per token: c"),
          `${shown}`,
        );
        match(await page.$eval(".apart", (p) => p.textContent ?? ""), /different texts/);
        const rows = await page.evaluate(
          `[...document.querySelectorAll("table.plain tbody tr")].map((r) => r.innerText)`,
        );
        ok((rows as string[]).some((row) => /^--lr\s+1\s+2\s+1$/.test(row)), `${rows}`);
        ok(!(rows as string[]).some((row) => /bits per byte|--out/.test(row)), `${rows}`);
        const curves = (i: number) =>
          `document.querySelectorAll(".plot")[${i}].querySelectorAll(".u-legend .u-series").length`;
        const at = shown.findIndex((title) => title === "Learning rate");
        strictEqual(await page.evaluate(curves(at)), 4); // with the horizontal axis
        await page.focus("input[aria-label='show c']");
        await page.keyboard.press("Space");
        await until(`${curves(at - 1)} === 3`); // the plot of c is gone
        strictEqual(await page.evaluate(`${titles}.includes("Loss, nats per token: c")`), false);
        await page.keyboard.press("Space");
        await until(`${titles}.includes("Loss, nats per token: c")`);
        deepStrictEqual(await accessibilityProblems(page), []);
        deepStrictEqual(problems, []);
        strictEqual(await page.evaluate(`"hit" in globalThis`), false);
      });
    }),
);

pageTest(
  "a live page continues from the last event, gives late readers the past, and its buttons ask the run",
  () =>
    withFolder(async (folder) => {
      const append = (...events: RunEvent[]) =>
        Deno.writeTextFile(
          `${folder}/metrics.jsonl`,
          events.map((event) => `${encodeEvent(event)}\n`).join(""),
          { append: true },
        );
      await append(...everything().slice(0, -1));
      const run = new LiveRun("live", folder), asked: string[] = [];
      const act = (action: string) => (asked.push(action), asked.length < 3);
      const serve = (port: number, token?: string) =>
        serveRuns({ port, pollEvery: 20, act, runs: () => [run], ...(token !== undefined && { token }) });
      let server = serve(0);
      try {
        await withBrowser(folder, async (open) => {
          const button = (text: string) =>
            `[...document.querySelectorAll("button")].find((b) => b.textContent === "${text}")`;
          const { page, problems, requests, until } = await open(server.address);
          await until(`/live · step 40/.test(document.querySelector(".status").textContent)`);
          // A screen reader reads aloud what changes there: not each step.
          const announced = `document.querySelector("[role=status]").textContent`;
          strictEqual(await page.evaluate(announced), "live");
          await append(stepEvent(40));
          await until(`document.querySelector(".fact b").textContent === "41"`);
          await until(
            `/at 41 steps/.test(document.querySelector("canvas[role=img]").getAttribute("aria-label"))`,
          );
          const { port, token } = server;
          await server.close();
          await until(`/trying again/.test(document.querySelector(".status").textContent)`);
          strictEqual(await page.evaluate(`${button("Stop")} === undefined`), true); // nobody would hear it
          await append(...Array.from({ length: 29 }, (_, i) => stepEvent(41 + i)));
          const received: string[] = [];
          const session = await page.createCDPSession();
          await session.send("Network.enable");
          session.on("Network.requestWillBeSentExtraInfo", ({ headers }) => {
            received.push(headers["Last-Event-ID"] ?? headers["last-event-id"] ?? "");
          });
          server = serve(port, token);
          await until(`document.querySelector(".fact b").textContent === "70"`);
          const lines = everything().length; // without the last one, and with one step more
          ok(received.includes(String(lines)), JSON.stringify(received)); // the browser says what it has
          const late = await open(server.address);
          await late.until(`document.querySelector(".fact b").textContent === "70"`);

          const click = async (text: string) => await page.evaluate(`${button(text)}.click()`);
          await click("Checkpoint now");
          await until(
            `/A checkpoint follows after this step/.test(document.querySelector(".status").textContent)`,
          );
          const skipped: RunEvent = { ...stepEvent(70), loss: NaN, skipped: "the loss is NaN" } as RunEvent;
          await append(skipped);
          for (const text of ["Skipped updates: 1, the last at step 71", "infinite, first at step 71"]) {
            await until(`document.querySelector("header").textContent.includes("${text}")`);
          }
          await append({ type: "checkpoint", step: 70, path: "checkpoints/step-70", seconds: 1 });
          await until(`${announced} === "live"`);
          await click("Stop");
          await until(`/The run stops after this step/.test(document.querySelector(".status").textContent)`);
          deepStrictEqual(asked, ["checkpoint", "stop"]);
          deepStrictEqual(await accessibilityProblems(page), []);
          await append({ type: "done", reason: "interrupted" });
          await until(`/stopped before its end/.test(document.querySelector(".status").textContent)`);
          strictEqual(await page.evaluate(`${button("Stop")} === undefined`), true);
          ok(requests.every((address) => new URL(address).host === `127.0.0.1:${port}`), `${requests}`);
          deepStrictEqual(problems.filter((text) => !/Failed to load resource/.test(text)), []);
        });
      } finally {
        await server.close();
      }
    }),
);

pageTest(
  "a part of a curve into which the reader has zoomed stays while the run goes on",
  () =>
    withFolder(async (folder) => {
      const path = `${folder}/metrics.jsonl`, line = (event: RunEvent) => `${encodeEvent(event)}\n`;
      await Deno.writeTextFile(path, runEvents(40).slice(0, -1).map(line).join(""));
      const run = new LiveRun("live", folder),
        server = serveRuns({ port: 0, pollEvery: 20, runs: () => [run] });
      try {
        await withBrowser(folder, async (open) => {
          const { page, problems, until } = await open(server.address);
          await page.evaluateOnNewDocument(writtenBelow);
          await page.reload();
          await until(`document.querySelector(".status").textContent.startsWith("live")`);
          const box = await (await page.$(".u-over"))?.boundingBox();
          ok(box);
          const latest = "Math.max(...written.slice(-3).map(Number))";
          ok(await page.evaluate(latest) as number >= 40);
          await page.mouse.move(box.x + 10, box.y + 50);
          await page.mouse.down();
          await page.mouse.move(box.x + box.width / 2, box.y + 50, { steps: 5 });
          await page.mouse.up();
          await until(`${latest} <= 21`);
          await page.evaluate("written.length = 0");
          await Deno.writeTextFile(path, line(stepEvent(40)) + line(stepEvent(41)), { append: true });
          await until(`document.querySelector(".fact b").textContent === "42" && written.length > 0`);
          ok(await page.evaluate(latest) as number <= 21);
          await page.mouse.click(box.x + 50, box.y + 50, { count: 2 }); // shows all again
          await until(`${latest} >= 40`);
          deepStrictEqual(problems, []);
        });
      } finally {
        await server.close();
      }
    }),
);

pageTest(
  "before its first line, a live page says what the run is and what it does",
  () =>
    withFolder(async (folder) => {
      const run = new LiveRun("early", folder);
      run.takeNow({ type: "run", pipeline: "train", device: "cpu: 2 threads" });
      run.takeNow({ type: "note", text: `tokenizer: training ${hostile}` });
      const server = serveRuns({ port: 0, pollEvery: 20, runs: () => [run] });
      try {
        await withBrowser(folder, async (open) => {
          const { page, problems, until } = await open(server.address);
          await until(
            `document.querySelector(".status").textContent.startsWith("live · tokenizer: training <img")`,
          );
          await until(`document.querySelector("header .soft").textContent === "cpu: 2 threads"`);
          run.takeNow({ type: "note", text: "second" });
          await until(
            `[...document.querySelectorAll(".notes li")].map((li) => li.textContent).at(-1) === "second"`,
          );
          const lines: RunEvent[] = [
            { type: "run", pipeline: "train", device: "cpu: 2 threads" },
            { type: "note", text: "first" },
            { type: "note", text: "second" },
            stepEvent(0),
          ];
          await Deno.writeTextFile(
            `${folder}/metrics.jsonl`,
            lines.map((event) => `${encodeEvent(event)}\n`).join(""),
          );
          await until(`/live · step 1/.test(document.querySelector(".status").textContent)`);
          await until(`document.querySelectorAll(".notes li").length === 2`); // each note once
          deepStrictEqual(problems, []);
          strictEqual(await page.evaluate(`"hit" in globalThis`), false);
        });
      } finally {
        await server.close();
      }
    }),
);

/** Copies of a value in which one field, at any depth, is absent or holds something else. */
function* spoiled(value: unknown): Generator<unknown> {
  if (typeof value !== "object" || value === null) return;
  const first = Array.isArray(value) ? ["0"] : Object.keys(value); // one element stands for all of a list
  for (const key of first.filter((key) => key !== "type")) {
    const field: unknown = Reflect.get(value, key);
    const others = [
      undefined,
      null,
      "",
      "constructor",
      5,
      true,
      [],
      [null],
      {},
      { a: "b" },
      ...spoiled(field),
    ];
    for (const other of others) {
      yield Array.isArray(value) ? [other, ...value.slice(1)] : { ...value, [key]: other };
    }
  }
}

pageTest(
  "lines whose fields hold something else break no page, neither those of the past nor new ones",
  () =>
    withFolder(async (folder) => {
      const lines = (values: Iterable<unknown>) =>
        [...values].map((value) => JSON.stringify(value) + "\n").join("");
      const survey = {
        type: "survey",
        name: "before filters",
        documents: 2,
        characters: 9,
        tokens: 5,
        lengths: [1, 2],
        languages: { en: 2 },
        domains: { "a.com": 1 },
        domainsMissed: 0,
        withoutUrl: 1,
      };
      const good = [
        ...everything().slice(0, -1),
        { type: "card", task: "t", group: "g", known: true, items: 2, right: 1, wrong: 1, refused: 0 },
        { type: "words", step: 40, samples: 1, words: 5, found: 4 },
        survey,
        { ...survey, name: "after filters" },
        { type: "done", reason: "finished" },
      ];
      const ofEachType = [...new Map(good.map((event) => [event.type, event])).values()];
      const bad = [null, [], 5, {}, { type: 5 }, ...ofEachType.flatMap((event) => [...spoiled(event)])];
      const cycle = { type: "graph", stages: [{ name: "a", after: "b" }, { name: "b", after: "a" }] };
      await Deno.writeTextFile(`${folder}/metrics.jsonl`, lines([...good, cycle, ...bad]));
      await Deno.writeTextFile(
        `${folder}/config.json`,
        JSON.stringify({ options: { steps: "many" }, versions: null }),
      );
      const run = new LiveRun("small", folder);
      const server = serveRuns({ port: 0, pollEvery: 20, runs: () => [run] });
      try {
        await withBrowser(folder, async (open) => {
          const { page, problems, until } = await open(server.address);
          const titles = await page.$$eval("h2", (all) => all.map(({ textContent }) => textContent));
          ok(titles.includes("Report card") && titles.includes("Samples") && titles.includes("The flow"));
          await Deno.writeTextFile(`${folder}/metrics.jsonl`, lines([cycle, ...bad, stepEvent(1233)]), {
            append: true,
          });
          await until(`document.querySelector(".facts").textContent.includes("1,234steps")`);
          deepStrictEqual(problems, []);
        });
      } finally {
        await server.close();
      }
    }),
);

pageTest(
  "words of any length, numbers of any size and unfinished runs fit a page that was written",
  () =>
    withFolder(async (folder) => {
      const long = "x".repeat(3000);
      const events: RunEvent[] = [
        { type: "run", pipeline: long, device: long, command: long },
        { type: "note", text: long },
        { ...stepEvent(0), lr: 1e30 } as RunEvent,
        { type: "sample", step: 1, text: long, prompt: long },
        stageEvent(long, { in: 9, out: 8, dropped: { [long]: 1 }, busy: 1 }),
        inspectEvent(1, long),
        { type: "checkpoint", step: 1, path: long, seconds: 1 },
      ];
      const failed: RunEvent = { type: "done", reason: "failed", error: long };
      const write = (name: string, events: RunEvent[]) =>
        Deno.writeTextFile(
          `${folder}/${name}.html`,
          reportPage({
            events,
            options: { steps: 3, [long]: long },
            removed: [{ stage: long, reason: long, id: long, text: long, length: 9000 }],
          }),
        );
      await write("cut", events);
      await write("failed", [...events, failed]);
      await withBrowser(folder, async (open) => {
        for (const name of ["cut", "failed"]) {
          const { page, problems } = await open(pathToFileURL(`${folder}/${name}.html`).href);
          await page.evaluate(
            `document.querySelectorAll("details").forEach((details) => details.open = true)`,
          );
          for (const width of [1200, 400]) {
            await page.setViewport({ width, height: 900 });
            strictEqual(
              await page.evaluate("document.documentElement.scrollWidth"),
              width,
              `${name} ${width}`,
            );
          }
          const text = String(await page.evaluate("document.body.textContent"));
          match(text, name === "cut" ? /step 1 of 3 \(33 %\), when this page was written/ : /failed: xxx/);
          match(text, /Learning rate1e\+30|1e\+30/);
          deepStrictEqual(problems, []);
        }
      });
    }),
);

pageTest(
  "a single value is drawn as a point, a checkpoint is listed once, labels can be read at 400 px",
  () =>
    withFolder(async (folder) => {
      const checkpoint = (seconds: number): RunEvent => ({
        type: "checkpoint",
        step: 3,
        path: "x/3",
        seconds,
      });
      const events: RunEvent[] = [
        stepEvent(0),
        ...[1, 2].map((step) => ({ ...stepEvent(step), loss: NaN, gradNorm: NaN }) as RunEvent),
        inspectEvent(3, "x"),
        checkpoint(0.5),
        checkpoint(0.1),
      ];
      await Deno.writeTextFile(`${folder}/report.html`, reportPage({ events, options: {} }));
      await withBrowser(folder, async (open) => {
        const { page, problems } = await open(pathToFileURL(`${folder}/report.html`).href);
        await page.setViewport({ width: 400, height: 900 });
        await page.emulateMediaFeatures([{ name: "prefers-color-scheme", value: "light" }]);
        const blue = await page.evaluate(`(() => {
        const canvas = document.querySelector("canvas");
        const { data } = canvas.getContext("2d").getImageData(0, 0, canvas.width, canvas.height);
        let count = 0;
        for (let i = 0; i < data.length; i += 4) {
          if (data[i] === 0x2f && data[i + 1] === 0x6f && data[i + 2] === 0xde) count++;
        }
        return count;
      })()`);
        ok(Number(blue) > 4, `${blue} pixels of the curve`);
        const rows = await page.$$eval("[aria-label=checkpoints] tbody tr", (all) =>
          all.map((row) => row.innerText));
        deepStrictEqual(
          rows.map((row) =>
            row.split(/\s+/)
          ),
          [["3", "x/3", "0.1", "s"]],
        );
        const label = await page.$eval(".embedding text", (text) => text.getBoundingClientRect().height);
        ok(label > 8, `labels of ${label} px`);
        strictEqual(await page.evaluate("document.documentElement.scrollWidth"), 400);
        deepStrictEqual(await accessibilityProblems(page), []);
        deepStrictEqual(problems, []);
      });
    }),
);

pageTest(
  "the options of a run that are not known do not differ from those of the others",
  () =>
    withFolder(async (folder) => {
      const runs = [{ lr: 1, seed: 1 }, { lr: 2, seed: 1 }, {}].map((options, i) => ({
        name: `run ${i}`,
        events: runEvents(20),
        counts: new RunDigest().counts,
        options,
        removed: [],
        tokenizer: "t",
        record: {},
      }));
      await Deno.writeTextFile(`${folder}/report.html`, reportPageOf(runs, { live: null }));
      await withBrowser(folder, async (open) => {
        const { page } = await open(pathToFileURL(`${folder}/report.html`).href);
        const rows = await page.$$eval(
          "[aria-label=runs] tbody th",
          (all) => all.map((row) => row.innerText),
        );
        deepStrictEqual(
          rows.filter((row) => row.startsWith("--")),
          ["--lr"],
        );
      });
    }),
);

pageTest(
  "a page of more runs than it compares names the others and leads to them",
  () =>
    withFolder(async (folder) => {
      await Deno.writeTextFile(
        `${folder}/metrics.jsonl`,
        runEvents(20).map((e) => `${encodeEvent(e)}\n`).join(""),
      );
      const all = Array.from({ length: MOST_COMPARED + 1 }, (_, i) => new LiveRun(`run ${i}`, folder));
      let served = all;
      const server = serveRuns({ port: 0, runs: () => served });
      try {
        await withBrowser(folder, async (open) => {
          const { page, until } = await open(server.address);
          strictEqual((await page.$$("[aria-label=runs] thead a")).length, MOST_COMPARED);
          match(
            String(await page.evaluate("document.body.innerText")),
            /1 more run, not on this page: run 12/,
          );
          await page.click("p a");
          await until(`document.querySelector("h1")?.textContent === "run 12"`);
          served = all.slice(0, -1);
          const without = await open(server.address);
          strictEqual(
            /not on this page/.test(String(await without.page.evaluate("document.body.innerText"))),
            false,
          );
        });
      } finally {
        await server.close();
      }
    }),
);

pageTest(
  "the page of a run leads to the one that begins after it, and has buttons while these work",
  () =>
    withFolder(async (folder) => {
      const runs = await Promise.all(["first", "second"].map(async (name) => {
        await Deno.mkdir(`${folder}/${name}`);
        return new LiveRun(name, `${folder}/${name}`);
      }));
      const lines = (events: readonly RunEvent[]) =>
        events.map((event) => `${encodeEvent(event)}\n`).join("");
      const path = `${folder}/first/metrics.jsonl`, events = runEvents(20);
      await Deno.writeTextFile(path, lines(events.slice(0, -1)));
      let begun = runs.slice(0, 1), can = true;
      const server = serveRuns({
        port: 0,
        pollEvery: 20,
        runs: () => begun,
        act: () => can,
        canAct: () => can,
      });
      try {
        await withBrowser(folder, async (open) => {
          const { page, problems, until } = await open(server.address);
          const stop = `[...document.querySelectorAll("button")].some((b) => b.textContent === "Stop")`;
          await until(stop);
          can = false;
          await until(`!${stop}`);
          can = true;
          await until(stop);
          await Deno.writeTextFile(path, lines(events.slice(-1)), { append: true });
          await until(`/^finished/.test(document.querySelector(".status").textContent)`);
          strictEqual(await page.evaluate(stop), false);
          begun = runs;
          await until(`/1 more run, not on this page: second/.test(document.body.innerText)`);
          deepStrictEqual(await accessibilityProblems(page), []);
          await Deno.writeTextFile(`${folder}/second/metrics.jsonl`, lines(events.slice(0, -1)));
          await page.click("p a");
          await until(`document.querySelector("h1")?.textContent === "second"`);
          await until(stop);
          deepStrictEqual(problems, []);
        });
      } finally {
        await server.close();
      }
    }),
);
