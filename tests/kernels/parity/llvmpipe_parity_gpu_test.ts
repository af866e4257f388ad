/**
 * Tests all op cases on llvmpipe, a second driver: it has 16-bit floats, which SwiftShader lacks, and another
 * compiler.
 *
 * @module
 */
import { deepStrictEqual, match, ok, strictEqual } from "node:assert/strict";
import { pathOfUrl } from "../../../stages/disk/paths.ts";
import type { LlvmpipeParity } from "./llvmpipe_parity.ts";

const driver = "/usr/share/vulkan/icd.d/lvp_icd.x86_64.json";
const missing = !await Deno.stat(driver).then(() => true, () => false);

Deno.test({
  name: `every op and every 16-bit product in all layouts is right on llvmpipe${
    missing ? ` (ignored: needs Debian's mesa-vulkan-drivers, no ${driver})` : ""
  }`,
  ignore: missing,
  fn: async () => {
    const { LD_LIBRARY_PATH: _, ...env } = Deno.env.toObject(); // leads to SwiftShader's loader
    const { success, stdout, stderr } = await new Deno.Command(Deno.execPath(), {
      args: ["run", "--quiet", "--no-check", "--lock=deno.lock", "--frozen", "--allow-read"]
        .concat("tests/kernels/parity/llvmpipe_parity.ts"),
      cwd: pathOfUrl(new URL("../../../", import.meta.url)),
      clearEnv: true,
      env: { ...env, VK_ICD_FILENAMES: driver, VK_DRIVER_FILES: driver, DENO_WEBGPU_BACKEND: "vulkan" },
    }).output();
    const text = new TextDecoder();
    ok(success, text.decode(stderr));
    const found: LlvmpipeParity = JSON.parse(text.decode(stdout));
    match(found.device, /^llvmpipe/);
    deepStrictEqual(found.messages, []);
    strictEqual(found.nativeHalf, true, "products of 16-bit floats are computed by WGSL's type f16");
    ok(found.cases > 350 && found.variants > 20, `${found.cases} cases, ${found.variants} variants`);
  },
});
