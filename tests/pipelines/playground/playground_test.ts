import { deepStrictEqual, match, ok, rejects, strictEqual } from "node:assert/strict";
import { parse } from "acorn";
import { slopesAt } from "../../../pipelines/page/playground/figures/slopes.ts";
import { buildPlayground, requirePlaygroundFolder } from "../../../pipelines/parts/playground/build.ts";
import { browser } from "../../browser.ts";
import { pathOfUrl } from "../../../stages/disk/paths.ts";
import { beforeDeadline, denoBeforeDeadline } from "../../deadline.ts";
import { withFolder } from "../../temporary.ts";
import { start } from "../program.ts";
import { checkLosses, none, withPlayground } from "./open_playground.ts";

Deno.test({
  name: `the playground trains on WASM threads to Deno's losses within 1e-5, and asks nobody else${none}`,
  ignore: browser === null,
  sanitizeOps: false, // the browser's pipes
  sanitizeResources: false,
  fn: () =>
    withPlayground({ query: "?steps=12&layers=1&channels=16&context=8&tokens=char" }, async (opened) => {
      const { page, problems, requests, until, address } = opened;
      strictEqual(await page.evaluate("crossOriginIsolated"), true);
      await checkLosses(page, { engine: "threads", threads: 2 }, /2 threads/);

      await page.click("button[type=submit].main");
      await until(
        `document.querySelector("[aria-label=Run] [role=status]").textContent === "All updates are made"`,
      );
      const facts = String(await page.$eval(".facts", (facts) => facts.textContent));
      match(facts, /Update12 of 12/);
      await beforeDeadline(page.waitForSelector("canvas.map"));
      ok(await page.$("blockquote") !== null, "no sample");
      match(String(await page.$eval(".plot", (plot) => plot.getAttribute("aria-label"))), /^Loss by update/);
      match(await page.evaluate("location.search") as string, /steps=12/);
      deepStrictEqual(problems, []);
      deepStrictEqual([...new Set(requests.map((url) => new URL(url).host))], [new URL(address).host]);

      // Not even what got into the page or its worker could ask elsewhere, or run.
      const elsewhere = `fetch("http://127.0.0.2:9/").then(() => "asked", (error) => error.name)`;
      strictEqual(await page.evaluate(elsewhere), "TypeError");
      await page.evaluate(`(() => {
        const script = document.createElement("script");
        script.textContent = "globalThis.hit = true";
        document.body.append(script);
      })()`);
      strictEqual(await page.evaluate("globalThis.hit"), undefined);
      ok(
        problems.length >= 2 &&
          problems.every((problem) => /Content Security Policy|failed|Fetch API/.test(problem)),
      );
    }),
});

Deno.test("the playground's scripts need no newer JavaScript than ES2024, and import nothing", async () => {
  await withFolder(async (folder) => {
    const bytes = await buildPlayground(`${folder}/site`, { names: "Ada" });
    let found = 0;
    for await (const { name } of Deno.readDir(`${folder}/site`)) {
      const text = await Deno.readTextFile(`${folder}/site/${name}`);
      found += new TextEncoder().encode(text).length;
      if (!name.endsWith(".js")) continue;
      const { body } = parse(text, { ecmaVersion: 2024, sourceType: "module" });
      deepStrictEqual(body.filter(({ type }) => type === "ImportDeclaration"), [], name);
    }
    strictEqual(found, bytes);
    await Deno.writeTextFile(`${folder}/site/mine.txt`, "x");
    await requirePlaygroundFolder(`${folder}/site`); // an earlier playground may be built anew
    await requirePlaygroundFolder(`${folder}/new`);
    await rejects(
      requirePlaygroundFolder(folder),
      /holds other files: give an empty --out, or move the files/,
    );
  });
});

Deno.test("deno task pipeline playground builds the page with the permissions of the task, from any folder", async () => {
  await withFolder(async (folder) => {
    const config = pathOfUrl(new URL("../../../deno.json", import.meta.url));
    const run = (...args: string[]) =>
      denoBeforeDeadline({
        args: ["task", "--quiet", "--config", config, "pipeline", "playground", ...args],
        cwd: folder,
        env: { INIT_CWD: folder }, // or that of the task that runs the tests
      });
    const text = (bytes: Uint8Array) => new TextDecoder().decode(bytes);
    const { code, stdout, stderr } = await run("--out", "site", "--no-serve");
    strictEqual(code, 0, text(stderr));
    match(text(stdout), /^Built site: \d\.\d MB, for any web server\n$/);
    ok((await Deno.stat(`${folder}/site/speeches.txt`)).size > 1e6);
    // Served, it ends at once with Ctrl-C, although a browser has not read its answer.
    await using served = start(["playground", "--out", `${folder}/site`]);
    const lines = served.stdout.pipeThrough(new TextDecoderStream()).getReader();
    let printed = "";
    while (!/Playground: http:\S+\n/.test(printed)) {
      printed += (await beforeDeadline(lines.read())).value ?? "";
    }
    const address = /Playground: (http:\S+)/.exec(printed)?.[1] ?? "";
    strictEqual((await fetch(`${address}index.html`)).status, 200);
    const unread = await fetch(`${address}offline.js`);
    served.kill("SIGINT");
    strictEqual((await beforeDeadline(served.status)).code, 130);
    await Promise.allSettled([unread.body?.cancel(), lines.cancel(), served.stderr.cancel()]);

    const refused = await run("--out", ".", "--no-serve");
    strictEqual(refused.code, 2);
    match(text(refused.stderr), /Cannot build the page in \.: it holds other files: give an empty --out/);
  });
});

Deno.test("slopesAt() is the derivative by difference and by backpropagation", () => {
  for (const x of [-2, -0.3, 0, 1.5, 4]) {
    const exact = 0.6 * x ** 2 - x - 1, { forward, symmetric, backward } = slopesAt(x, 1e-5);
    ok(Math.abs(backward - exact) < 1e-12, `${x}: ${backward}`);
    ok(
      Math.abs(forward - exact) < 1e-4 && Math.abs(symmetric - exact) < 1e-8,
      `${x}: ${forward}, ${symmetric}`,
    );
  }
});
