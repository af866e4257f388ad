/**
 * Options that every pipeline has.
 *
 * @module
 */
import { flag, integer, oneOf, path, text } from "./option_types.ts";

const logEvery = integer(
  "steps between progress lines when standard output is not a terminal, and between looks at a GPU's losses, at most 16",
  { value: 10, min: 1, group: "Run" },
);

/** What every pipeline has. */
export const runOptions = {
  out: path("the run's folder", { value: null, group: "Run", placeholder: "DIR" }),
  resume: text(
    "auto: go on from the last checkpoint in --out; never: begin anew, the old folder is moved aside; or a checkpoint to go back to",
    {
      value: "auto",
      group: "Run",
      placeholder: "auto|never|PATH",
    },
  ),
  config: path("JSON file of options; the command line wins over it, and it over the preset", {
    value: null,
    group: "Run",
    placeholder: "FILE",
  }),
  preset: text("named set of model and optimizer options; auto picks by device and memory", {
    value: "auto",
    group: "Run",
    placeholder: "NAME",
  }),
  device: oneOf(
    "auto: a GPU through WebGPU where there is one, else the CPU engine (deno task native and deno task fast: see deno task pipeline)",
    {
      value: "auto",
      group: "Run",
      choices: ["auto", "webgpu", "cpu"],
    },
  ),
  seed: integer("all randomness comes from it", {
    value: 1,
    min: 0,
    max: 2 ** 32 - 1,
    fixed: true,
    group: "Run",
  }),
  workers: integer("threads for data stages and the CPU engine", {
    value: "auto",
    min: 1,
    max: 1024,
    words: ["auto"],
    group: "Run",
  }),
  blas: text(
    "who multiplies matrices on the CPU: auto: the system's BLAS where native code is permitted (deno task native), else WASM; off; or a library",
    { value: "auto", group: "Run", placeholder: "auto|off|PATH" },
  ),
  tune: path(
    "time the kernels of matrix products on this GPU, once, and run the fastest; the choices are kept in this file: the same file gives the same losses to the last bit; default: each product runs the kernel that a heuristic picks",
    { value: null, group: "Run", placeholder: "FILE" },
  ),
  quiet: flag("results and errors only", { value: false, group: "Run" }),
  json: flag("events as JSON lines on standard output", { value: false, group: "Run" }),
  color: flag("plain text, no colour", { value: true, group: "Run" }),
  logEvery,
  trace: flag("with an error, where in the program it arose", { value: false, group: "Run" }),
  dryRun: flag("print the stage graph, the configuration and the plan; run nothing", {
    value: false,
    group: "Run",
  }),
  help: flag("print this", { value: false, group: "Run" }),
};
