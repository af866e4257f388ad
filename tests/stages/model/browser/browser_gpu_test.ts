import { sharedTest } from "../../../shared_data.ts";
import { checkBrowser, withoutBrowser } from "./browser_tests.ts";
import { nanogptRun } from "./golden_tasks.ts";

Deno.test({
  name: "a browser computes all cases of every op right on webgpu, and shows NaN in every result of every op",
  ignore: withoutBrowser,
  fn: () => checkBrowser(Infinity),
});

if (!withoutBrowser) {
  sharedTest(
    "a browser repeats nanoGPT's run on webgpu: losses and gradient norms",
    ["golden/gpt.bin", "golden/tokens.bin", "golden/nanogpt.json"],
    async (path) => await checkBrowser(0, [await nanogptRun(path)]),
  );
}
