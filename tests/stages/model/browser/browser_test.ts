import { checkBrowser, checkFaults, withoutBrowser } from "./browser_tests.ts";

Deno.test({
  name: "a browser trains on webgpu to Deno's and PyTorch's losses within 1e-5, and reports faults",
  ignore: withoutBrowser,
  fn: () => checkBrowser(0),
});

Deno.test("webgpu engine reports the faults that a browser is tested with", checkFaults);
