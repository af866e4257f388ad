/**
 * Tests the chat page in a browser: what a reader sees and does, with the pointer, the keyboard and a finger.
 *
 * @module
 */
import { deepStrictEqual, equal, match, ok } from "node:assert/strict";
import { Memory } from "../../../../stages/tool/memory.ts";
import { accessibilityProblems } from "../../../browser_page.ts";
import { ModelGate } from "../../serve/model_gate.ts";
import { counted } from "../../serve/taught_model.ts";
import { until as serverUntil } from "../../serve/taught_server.ts";
import { chatTest, type OpenChat } from "./open_chat.ts";

const weather = {
  name: "weather",
  about: "Weather of a city",
  argument: "city",
  run: (city: string) => ({ output: city === "Oslo" ? "wet" : "dry" }),
};
const answers = ".answer .markdown";
/** The page never sets this: a text of the model that runs would. */
const hit = `globalThis.hit`;

chatTest(
  "shows the model's name, a field with the focus and three messages to begin with",
  {},
  async ({ page, texts, click, ended, until }) => {
    await until(`document.querySelector(".examples button") !== null`).catch(() => {});
    deepStrictEqual(await texts("h1"), ["taught"]);
    await until(`document.activeElement.ariaLabel === "message"`).catch(() => {});
    equal(await page.evaluate("document.activeElement.ariaLabel"), "message");
    equal((await texts(".examples button")).length, 3);
    await click("Who are you?");
    await until(`document.querySelector(".message .plain-text") !== null`);
    await ended();
    deepStrictEqual(await texts(".message .plain-text"), ["Who are you?"]);
    deepStrictEqual(await texts(".examples"), []);
  },
);

const stopped = new ModelGate();
chatTest(
  "shows an answer while it is made, and Stop ends it on the server",
  { gate: stopped },
  async ({ page, send, click, ended, texts, until, server }) => {
    stopped.hold(8);
    await send("count");
    await until(`/^1 2/.test(document.querySelector("${answers}")?.textContent ?? "")`);
    equal(await page.evaluate(`document.querySelector(".answer").ariaBusy`), "true");
    await click("Stop");
    await ended();
    stopped.open();
    await serverUntil(() => server.generator.texts.active === 0);
    const [answer] = await texts(answers);
    ok(counted.startsWith(answer) && answer.length < counted.length, answer);
    match((await texts(".answer"))[0], /stopped/);
    equal(server.api.metrics.aborted, 1);
    equal(await page.evaluate("document.activeElement.ariaLabel"), "message");
  },
);

chatTest(
  "keeps the versions of an edited message and of an answer",
  {},
  async ({ page, ask, click, ended, texts, until }) => {
    await ask("hi");
    await ask("ok");
    deepStrictEqual(await texts(answers), ["Hello! How are you?", "Good to hear."]);
    await click("Edit");
    await until(`document.activeElement.ariaLabel === "edited message"`);
    await page.keyboard.press("Escape");
    await until(`document.querySelector("textarea[aria-label='edited message']") === null`);
    await click("Edit");
    await until(`document.activeElement.ariaLabel === "edited message"`);
    await page.evaluate("document.activeElement.select()");
    await page.keyboard.type("count");
    await page.keyboard.press("Enter");
    await until(`document.querySelector(".branches")?.textContent.includes("2 of 2")`);
    await ended();
    deepStrictEqual(await texts(answers), [counted]);
    await click("earlier version");
    await until(`document.querySelectorAll(".turn").length === 2`);
    deepStrictEqual(await texts(answers), ["Hello! How are you?", "Good to hear."]);
    await page.evaluate(
      `[...document.querySelectorAll(".answer button")].filter((b) => b.textContent.trim() === "Regenerate")[1].click()`,
    );
    await until(`document.querySelectorAll(".branches").length === 2`);
    await ended();
    deepStrictEqual(await texts(answers), ["Hello! How are you?", "Good to hear."]);
    deepStrictEqual(await texts(".branches span"), ["1 of 2", "2 of 2"]);
  },
);

chatTest("shows each token's probability and its alternatives under pointer, keyboard and finger", {
  settings: { tokens: true },
}, async ({ page, ask, texts, until }) => {
  await ask("hi");
  equal(await page.evaluate(`document.querySelector(".tokens").textContent`), "Hello! How are you?");
  await page.hover(".token:nth-child(2)");
  await until(`document.querySelector(".alternatives b")?.textContent === '"e"'`);
  match((await texts(".alternatives"))[0], /^"e" has (9\d|100) %/);
  equal((await texts(".alternatives li")).length, 5);
  match((await texts(".alternatives li.own"))[0], /^"e"/);
  await page.hover("h1");
  await until(`document.querySelector(".alternatives") === null`);
  await page.focus(".token");
  await page.keyboard.press("ArrowRight");
  await page.keyboard.press("ArrowRight");
  await until(`document.querySelector(".alternatives b")?.textContent === '"l"'`);
  equal(await page.evaluate(`document.activeElement.ariaLabel.startsWith('"l", ')`), true);
  await page.keyboard.press("End");
  await until(`document.querySelector(".alternatives b")?.textContent === '"?"'`);
  await page.keyboard.press("Tab");
  await until(`document.querySelector(".alternatives") === null`);
  await page.tap(".token:nth-child(6)");
  const isTapped = `document.querySelector(".alternatives b")?.textContent === '"!"'`;
  await until(isTapped);
  await page.hover("h1"); // as a browser tells of a mouse that rests there
  equal(await page.evaluate(isTapped), true);
});

chatTest(
  "folds thoughts and calls of tools, and turns tools off",
  { tools: [weather] },
  async ({ page, ask, click, texts, until }) => {
    await ask("rain?");
    deepStrictEqual(await texts(answers), ["It rains in Oslo."]);
    match((await texts(".tool summary"))[0], /weather\("Oslo"\)\s*=\s*wet$/);
    equal(await page.evaluate(`document.querySelector(".tool").open`), false);
    deepStrictEqual(await texts(".tool pre"), ['weather("Oslo")', "wet"]);
    await page.click(".tool-switch input");
    await click("New");
    await until(`document.querySelector(".turn") === null`);
    await ask("think");
    equal(await page.evaluate(`document.querySelector(".thought").open`), false);
    match((await texts(".thought summary"))[0], /^Thought \(3 words\)$/);
    deepStrictEqual([await texts(".thought .plain-text"), await texts(answers)], [["let me see"], [
      "forty-two",
    ]]);
    await page.click(".thought summary");
    await until(`document.querySelector(".thought").open`);
  },
);

chatTest("lists what the tool memory keeps, sends it, and forgets", {
  tools: [Memory.of([]).ownTool()],
  memory: Memory.of([]),
}, async ({ page, ask, click, texts, until }) => {
  await ask("note");
  deepStrictEqual(await texts(answers), ["Noted."]);
  deepStrictEqual(await texts(".facts-kept span"), ["Likes tea"]);
  await page.reload();
  await until(`document.querySelector(".facts-kept span") !== null`);
  const sent = page.waitForRequest((request) => request.method() === "POST");
  await ask("hi");
  deepStrictEqual(JSON.parse((await sent).postData() ?? "").memory, ["Likes tea"]);
  await click("forget: Likes tea");
  await until(`document.querySelector(".facts-kept span") === null`);
  const next = page.waitForRequest((request) => request.method() === "POST");
  await ask("hi");
  deepStrictEqual(JSON.parse((await next).postData() ?? "").memory, []);
});

chatTest(
  "lets two models answer side by side, and one of them again",
  { ids: ["taught", "other"] },
  async ({ click, ask, ended, texts, until }) => {
    await click("Two side by side");
    await until(`document.querySelector("h1").textContent === "taught and other"`);
    await ask("hi");
    deepStrictEqual(await texts(answers), ["Hello! How are you?", "Hello! How are you?"]);
    deepStrictEqual(await texts(".answer .who"), ["taught", "other"]);
    await click("Regenerate");
    await until(`document.querySelector(".branches") !== null`);
    await ended();
    deepStrictEqual(await texts(answers), ["Hello! How are you?", "Hello! How are you?"]);
    await click("Two side by side");
    await ask("ok");
    equal((await texts(answers)).length, 3);
  },
);

chatTest("runs and loads nothing that a text of the model, a tool or a file holds", {
  tools: [{ ...weather, run: () => ({ output: `<img src=x onerror="globalThis.hit = 1">` }) }],
}, async ({ page, ask, texts, until }) => {
  await ask("rain?");
  const [, output] = await texts(".tool pre");
  match(output, /^<img src=x/);
  await page.click(".tool-switch input");
  await ask("md");
  const hostile = [
    "<script>globalThis.hit = 1</script>",
    `<img src="https://example.com/a.png" onerror="globalThis.hit = 1">`,
    "![a](https://example.com/b.png)",
    "[a](javascript:globalThis.hit=1) [b](data:text/html,x) <https://example.com/>",
    `<a href="https://example.com/" onclick="globalThis.hit = 1" style="position:fixed" id="page">c</a>`,
    `<iframe srcdoc="<script>parent.hit = 1</script>"></iframe><svg onload="globalThis.hit = 1"></svg>`,
    `<form action="https://example.com/"><input name=x></form><style>* { display: none }</style>`,
    "```html\n<script>globalThis.hit = 1</script>\n```",
    `<math><mtext><table><mglyph><style><img src=x onerror="globalThis.hit = 1">`,
  ].join("\n\n");
  const line = JSON.stringify({
    messages: [{ role: "user", content: hostile }, { role: "assistant", content: hostile }],
    model: `<img src=x onerror="globalThis.hit = 1">`,
  });
  await importText(page, line);
  await until(`document.querySelector(".markdown code") !== null`);
  await new Promise((resolve) => setTimeout(resolve, 300)); // handlers of errors would have run by now
  equal(await page.evaluate(hit), undefined);
  deepStrictEqual(
    await page.evaluate(`[...document.querySelectorAll(".turn *")].map(({ localName }) => localName)
      .filter((name) => /img|script|iframe|svg|form|input|style|math/.test(name))`),
    [],
  );
  const [shown] = await texts(answers);
  match(shown, /<script>.*<iframe.*<math>/s); // as it is written
  deepStrictEqual(
    await page.evaluate(
      `[...document.querySelectorAll(".turn [onclick], .turn [onerror], .turn [style], .turn .markdown [id]")].length`,
    ),
    0,
  );
  deepStrictEqual(
    await page.evaluate(
      `[...new Set([...document.querySelectorAll(".markdown a[href]")].map((a) => a.protocol + a.rel))]`,
    ),
    ["https:noopener noreferrer nofollow"],
  );
});

chatTest("is accessible, and nothing is clipped, at 1200 and 400 pixels, light and dark", {
  tools: [weather],
  ids: ["taught", "a-model-with-quite-a-long-name.Q4_1"],
}, async ({ page, ask, click, until }) => {
  const check = async (state: string) => {
    for (const value of ["light", "dark"]) {
      await page.emulateMediaFeatures([
        { name: "prefers-color-scheme", value },
        { name: "prefers-reduced-motion", value: "reduce" },
      ]);
      for (const width of [1200, 400]) {
        await page.setViewport({ width, height: 900 });
        const where = `${state}, ${value}, ${width} px`;
        deepStrictEqual(await accessibilityProblems(page), [], where);
        ok(await page.evaluate("document.documentElement.scrollWidth") as number <= width, where);
        deepStrictEqual(await page.evaluate(clipped), [], where);
      }
    }
  };
  await check("the beginning");
  await ask("rain?");
  await page.click(".tool-switch input");
  await click("Two side by side");
  await until(`document.querySelector("h1").textContent.includes(" and ")`);
  await ask("think");
  await ask("md");
  await page.evaluate(`document.querySelectorAll("details").forEach((each) => each.open = true)`);
  await check("a conversation");
  await click("Probabilities");
  await until(`document.querySelector(".token") !== null`);
  await page.focus(".token");
  await until(`document.querySelector(".alternatives") !== null`);
  await check("probabilities");
});

const typed = new ModelGate();
chatTest(
  "can be used with the keyboard alone",
  { ids: ["taught", "other"], gate: typed },
  async ({ page, ended, texts, until, send }) => {
    const press = async (key: "Tab" | "Enter" | "Escape" | "Space", times = 1) => {
      for (let i = 0; i < times; i++) await page.keyboard.press(key);
    };
    const focused = () =>
      page.evaluate("document.activeElement.ariaLabel ?? document.activeElement.textContent.trim()");
    await page.keyboard.type("hi");
    await press("Enter");
    await until(`document.querySelector(".answer") !== null`);
    await ended();
    equal(await focused(), "message");
    const back = async (name: string) => {
      await page.keyboard.down("Shift");
      for (let i = 0; i < 60 && await focused() !== name; i++) await press("Tab");
      await page.keyboard.up("Shift");
      equal(await focused(), name);
    };
    await back("Regenerate");
    await press("Enter");
    await until(`document.querySelector(".branches") !== null`);
    await ended();
    await page.focus("textarea[aria-label=message]");
    await back("Edit");
    await press("Space");
    await until(`document.activeElement.ariaLabel === "edited message"`);
    await page.keyboard.type("!");
    await press("Escape");
    await page.focus("textarea[aria-label=message]");
    await back("Two side by side");
    await press("Space");
    await until(`document.querySelector("h1").textContent === "taught and other"`);
    typed.hold(8);
    await send("count");
    await until(`document.querySelector("[aria-busy=true] .markdown") !== null`);
    await press("Escape");
    await ended();
    typed.open();
    equal((await texts(".answer")).filter((text) => /stopped/.test(text)).length, 2);
  },
);

chatTest("says the answer in sentences to screen readers", {}, async ({ page, ask }) => {
  await page.evaluate(`globalThis.spoken = [];
    new MutationObserver(([{ target }]) => spoken.push(target.textContent))
      .observe(document.querySelector("[aria-live=polite]"), { characterData: true, childList: true, subtree: true })`);
  await ask("hi");
  const spoken = await page.evaluate("spoken") as string[];
  match(spoken.at(-1) ?? "", /How are you\? End of the answer\.$/);
});

chatTest(
  "survives a reload, exports and imports conversations",
  {},
  async ({ page, ask, click, texts, until }) => {
    await ask("hi");
    await ask("ok");
    await page.reload();
    await until(`document.querySelectorAll("${answers}").length === 2`);
    deepStrictEqual(await texts(answers), ["Hello! How are you?", "Good to hear."]);
    await page.evaluate(`URL.createObjectURL = (blob) => (globalThis.saved = blob, "data:,");
    HTMLAnchorElement.prototype.click = () => {};`);
    await click("Export");
    const saved = await page.evaluate("saved.text()") as string;
    deepStrictEqual(saved.trim().split("\n").map((line) => JSON.parse(line)), [{
      messages: [
        { role: "user", content: "hi" },
        { role: "assistant", content: "Hello! How are you?" },
        { role: "user", content: "ok" },
        { role: "assistant", content: "Good to hear." },
      ],
      model: "taught",
    }]);
    await click("New");
    await until(`document.querySelector(".turn") === null`);
    await importText(page, saved);
    await until(`document.querySelectorAll("${answers}").length === 2`);
    await importText(page, "no JSON");
    await until(`document.querySelector("[role=alert]") !== null`);
    match((await texts("[role=alert]"))[0], /Line 1 is not JSON/);
  },
);

chatTest(
  "asks for the token of the server",
  { token: "secret", hasFaults: true },
  async ({ page, ask, texts, until }) => {
    match((await texts("h1"))[0], /asks for its token/);
    for (const text of ["wrong", "secret"]) {
      await page.focus("input[type=password]");
      await page.evaluate("document.activeElement.select()");
      await page.keyboard.type(text);
      await page.keyboard.press("Enter");
      if (text === "wrong") {
        await until(`/refused/.test(document.querySelector("[role=alert]")?.textContent)`);
      }
    }
    await until(`document.querySelector("h1").textContent === "taught"`);
    await ask("hi");
    deepStrictEqual(await texts(answers), ["Hello! How are you?"]);
  },
);

const full = new ModelGate();
chatTest("waits while the server is full, says so, and answers once there is room", {
  queue: 0,
  parallel: 1,
  gate: full,
  hasFaults: true, // the browser reports each refused request
}, async ({ server, send, ended, click, texts, until }) => {
  full.hold(4);
  const stop = new AbortController();
  const other = server.client.chat.completions.create(
    { model: "taught", messages: [{ role: "user", content: "count" }], temperature: 0 },
    { signal: stop.signal },
  ).catch(() => {});
  await serverUntil(() => server.generator.texts.active > 0);
  const isWaiting =
    `/wait already.*Trying again in 1 s/.test(document.querySelector(".waiting")?.textContent)`;
  await send("hi");
  await until(isWaiting);
  match((await texts(".spoken"))[0], /^Waiting for the server/);
  await click("Stop");
  await ended();
  match((await texts(".answer"))[0], /stopped/);
  await click("Regenerate");
  await until(isWaiting);
  stop.abort();
  await other;
  full.open();
  await until(`document.querySelector("${answers}") !== null`);
  await ended();
  deepStrictEqual(await texts(answers), ["Hello! How are you?"]);
});

chatTest("says what is wrong and what to do: a full context, a server that has gone", {
  hasFaults: true, // the browser reports each failed request
}, async ({ server, ask, texts }) => {
  const alarm = async () => (await texts(".alarm")).at(-1) ?? "";
  await ask("x".repeat(300));
  match(await alarm(), /maximum context length is 256 tokens.*Begin a new conversation/);
  await server.close(0);
  await ask("hi");
  match(await alarm(), /The server does not answer.*start it again/);
});

chatTest(
  "goes on with texts where the model has no chat template",
  { hasTemplate: false },
  async ({ ask, texts }) => {
    match((await texts(".note"))[0], /no chat template/);
    await ask("<|im_start|>u:hi<|im_end|><|im_start|>a:");
    match((await texts(answers))[0], /^Hello! How are you\?/);
  },
);

/** Chooses a file with this text for Import. */
async function importText(page: OpenChat["page"], text: string): Promise<void> {
  await page.evaluate(`(() => {
    const input = document.querySelector("input[type=file]"), chosen = new DataTransfer();
    chosen.items.add(new File([${JSON.stringify(text)}], "conversation.jsonl"));
    input.files = chosen.files;
    input.dispatchEvent(new Event("change", { bubbles: true }));
  })()`);
}

/** Expression: what is cut off at the side, where nothing scrolls. */
const clipped = `[...document.querySelectorAll("main *")].filter((element) => {
  if (element.closest(".scroll") !== null && !element.matches(".scroll")) return false;
  return element.getBoundingClientRect().right > document.documentElement.clientWidth + 0.5;
}).map((element) => element.outerHTML.slice(0, 80))`;
