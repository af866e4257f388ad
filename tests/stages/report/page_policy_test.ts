/**
 * Tests the content security policy of the pages in a browser: everything of the page works, and markup that
 * got into it runs nothing.
 *
 * @module
 */
import { deepStrictEqual, match, ok, strictEqual } from "node:assert/strict";
import { figure } from "../../../pipelines/lesson/item.ts";
import { lessonPage } from "../../../pipelines/lesson/page.ts";
import { pageFrom, policyOf } from "../../../stages/report/page_policy.ts";
import { reportPage } from "../../../stages/report/report.ts";
import { browse, browser } from "../../browser.ts";
import { charts } from "./charts.ts";
import { runEvents } from "./events.ts";

const ignored = browser === null ? " (ignored: no chromium)" : "";
const attack = `<script>globalThis.hit = 1</script><img src="x" onerror="globalThis.hit = 1">` +
  `<a href="javascript:globalThis.hit = 1" id="link">x</a><style>h1 { color: rgb(1, 2, 3) }</style>`;

async function pages(): Promise<Record<string, string>> {
  return {
    report: reportPage({ events: runEvents(20, "x"), options: {} }),
    lesson: await lessonPage({
      title: "x",
      items: Object.values(charts('a "quoted" & long name')).map((chart) => figure("x", chart)),
      options: [],
    }),
  };
}

Deno.test({
  name: `the pages draw everything under their policy, and an injected script does not run${ignored}`,
  ignore: browser === null && Deno.env.get("CI") !== "true",
  async fn() {
    const state = `(document.getElementById("link")?.click(), {
      errors,
      hit: "hit" in globalThis,
      color: getComputedStyle(document.querySelector("h1")).color,
      drawn: document.querySelectorAll("canvas, svg").length,
    })`;
    for (const [name, page] of Object.entries(await pages())) {
      match(page, /content="default-src 'none'; [^"]*script-src '[^"]*style-src 'sha256-/);
      ok(!page.includes("unsafe-inline"), name);
      const sound = await browse<any>(page, state);
      deepStrictEqual([sound.errors, sound.hit], [[], false], name);
      ok(sound.drawn >= 4, `${name}: ${sound.drawn}`);
      const hurt = await browse<any>(page.replace("</body>", () => `${attack}</body>`), state);
      strictEqual(hurt.hit, false, name);
      strictEqual(hurt.drawn, sound.drawn, name);
      strictEqual(hurt.color, sound.color, name);
      ok(
        hurt.errors.filter((error: string) => error.startsWith("policy: script-src")).length >= 2,
        `${hurt.errors}`,
      );
      // Without the policy the attack would succeed.
      const open = page.replace(/<meta http-equiv="Content-Security-Policy"[^>]*>/, "")
        .replace("</body>", () => `${attack}</body>`);
      strictEqual((await browse<any>(open, state)).hit, true, name);
    }
  },
});

Deno.test("pageFrom() allows the template's scripts alone, and data that contains marks stays as it is", () => {
  const template =
    `<meta content="/*{policy}*/"><script>/*{own}*/</script><script type="application/json">/*{data}*/</script>`;
  const data = "/*{own}*/ /*{policy}*/ </script><script>evil()</script>";
  const page = pageFrom(template, { parts: { own: "mine()" }, data: { data } });
  ok(page.includes(data));
  // printf 'mine()' | openssl dgst -sha256 -binary | base64
  const sum = "QXxpu54YpA43T7+5Jah+DcfQJ/oA7xkSYpaa+TBFnkI=";
  ok(page.includes(`script-src 'sha256-${sum}'; style-src 'none'`), page);
});

Deno.test("policyOf() names each style once, and hashes of attributes only where there are attributes", () => {
  const styles = `<style>a{}</style><svg><style>a&gt;b{}</style></svg><style>a{}</style>`;
  const policy = policyOf({ scripts: "", styles });
  strictEqual(policy.match(/sha256-/g)?.length, 3); // the second one as it stands, and with ">" for "&gt;"
  ok(!policy.includes("unsafe-hashes"));
  match(
    policyOf({ scripts: "", styles: `<p style="top:1px">` }),
    /style-src 'sha256-[^']{44}' 'unsafe-hashes'$/,
  );
});
