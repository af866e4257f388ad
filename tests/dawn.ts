/**
 * Preloaded by tests that run on Dawn, the WebGPU of Chrome. Dawn validates more than Deno's WebGPU does.
 *
 * @module
 */
import { installDawn } from "../pipelines/cli/dawn.ts";

await installDawn();
