import { browser } from "../../browser.ts";
import { checkLosses, none, withPlayground } from "./open_playground.ts";

Deno.test({
  name: `the playground has Deno's losses on webgpu${none}`,
  ignore: browser === null,
  sanitizeOps: false, // the browser's pipes
  sanitizeResources: false,
  fn: () =>
    withPlayground(
      { args: ["--enable-unsafe-webgpu", "--use-webgpu-adapter=swiftshader"] },
      ({ page }) => checkLosses(page, { engine: "webgpu" }, /WebGPU/),
    ),
});
