/**
 * A script that uses what the package brings besides its modules, through the entry points of the topics:
 * WASM for MinHash, style and scripts for the report. It prints the lengths of a signature and of a page as
 * JSON.
 *
 * @module
 */
import { Signer } from "@stagewise/gpt/filters";
import { from } from "@stagewise/gpt/flow";
import { philox } from "@stagewise/gpt/kernels";
import { reportPage } from "@stagewise/gpt/report";

const signer = await Signer.open();
const page = reportPage({ events: [{ type: "run", pipeline: "outside" }], options: {} });
console.log(JSON.stringify({
  signature: signer.hash("hello world") > 0n,
  page: page.includes("outside") && page.includes("uPlot") && page.includes("color-scheme"),
  random: philox(1, "x", 0).length,
  flow: typeof from,
}));
