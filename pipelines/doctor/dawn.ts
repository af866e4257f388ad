/**
 * Preloaded by the doctor's child process under `--dawn`.
 *
 * @module
 */
import { installDawn } from "../cli/dawn.ts";

await installDawn();
