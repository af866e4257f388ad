import { browser } from "../../browser.ts";
import { checkLosses, none, type OpenOptions, withPlayground } from "./open_playground.ts";
import type { EngineWish } from "../../../pipelines/page/playground/address.ts";

const variants: readonly (readonly [string, OpenOptions, Partial<EngineWish>, RegExp])[] = [
  ["one thread", {}, { engine: "single" }, /calling thread/],
  ["one thread without relaxed SIMD", {}, { engine: "single", simd: "plain" }, /without relaxed SIMD/],
  [
    "two threads without relaxed SIMD",
    {},
    { engine: "threads", threads: 2, simd: "plain" },
    /2 threads.*without/,
  ],
  [
    "what there is in a page that is not isolated",
    { isolated: false },
    {},
    /calling thread: the page may not/,
  ],
  ["what there is in an isolated page without a GPU", { args: ["--disable-gpu"] }, {}, /threads.*no GPU/],
];

for (const [what, options, wish, device] of variants) {
  Deno.test({
    name: `the playground has Deno's losses on ${what}${none}`,
    ignore: browser === null,
    sanitizeOps: false, // the browser's pipes
    sanitizeResources: false,
    fn: () => withPlayground(options, ({ page }) => checkLosses(page, wish, device)),
  });
}
