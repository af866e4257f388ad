/**
 * A thread of the WASM engine in a browser.
 *
 * @module
 */
import "./older_browsers.ts";
import "../../../../kernels/engine/cpu/worker.ts";
