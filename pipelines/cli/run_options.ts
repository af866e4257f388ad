/**
 * Options that every pipeline has.
 *
 * @module
 */
import type { Option, OptionRequirement } from "./pipeline.ts";
import { flag, integer, oneOf, path, text } from "./option_types.ts";

/** Headings of these options in --help. */
export const commonGroups = ["Run", "Device", "Printing"] as const;

const [run, device, printing] = commonGroups;

/** A flag, and with --help all also a word. */
const help: Option<boolean | "all"> = {
  about: "print examples and the options people use; --help all prints every option",
  value: false,
  fixed: false,
  group: run,
  flag: true,
  parse(text) {
    if (text === "true" || text === "false") return text === "true";
    if (text === "all") return "all";
    throw new RangeError("expected --help, or --help all for every option");
  },
};

/** A flag, and with a number also a port. */
const ui: Option<boolean | number> = {
  about:
    "serve the run's live page on 127.0.0.1 and print its address; PORT is a port from 1 to 65535; default: a free one",
  value: false,
  fixed: false,
  group: printing,
  flag: true,
  parse(text) {
    if (text === "true" || text === "false") return text === "true";
    const port = /^\d{1,5}$/.test(text) ? Number(text) : 0;
    if (port >= 1 && port <= 65535) return port;
    throw new RangeError("expected --ui, or --ui PORT with a port from 1 to 65535");
  },
};

/** An address to which events are posted. */
const events: Option<string | null> = {
  about: "post the run's events to URL as JSON lines while it goes on",
  value: null,
  fixed: false,
  group: printing,
  placeholder: "URL",
  parse(text) {
    const url = URL.parse(text);
    if (url !== null && /^https?:$/.test(url.protocol)) return text;
    throw new RangeError("expected an address that begins with http:// or https://");
  },
};

/** What `--machine` requires. */
const dryRun: OptionRequirement = {
  option: "dryRun",
  accepts: (value) => value === true,
  typed: "--dry-run",
};

/** Options for the folder, resume, seed, device and output of a run. */
export const runOptions = {
  out: path("the run's folder; s3://BUCKET/KEY keeps the run in an object store", {
    value: null,
    group: run,
    placeholder: "DIR",
    takesAddress: true,
  }),
  resume: path(
    "auto resumes from the last checkpoint in --out; never starts a new run and moves the old folder aside; PATH resumes from that checkpoint, and with another, empty --out the new run starts from it there",
    { value: "auto", group: run, placeholder: "auto|never|PATH", takesAddress: true },
  ),
  config: path("JSON file of options; they override the preset, and the command line overrides them", {
    value: null,
    group: run,
    placeholder: "FILE",
    takesAddress: true,
  }),
  preset: text("named set of model and optimizer options; auto picks one by device and memory", {
    value: "auto",
    group: run,
    placeholder: "NAME",
  }),
  seed: integer("seed of all random numbers", {
    value: 1,
    min: 0,
    max: 2 ** 32 - 1,
    fixed: true,
    group: run,
  }),
  dryRun: flag("print the stages, the configuration and the plan, and run nothing", {
    value: false,
    group: run,
  }),
  machine: path(
    "with --dry-run: estimate the time of a step by op on this machine's GPU: the name of a file in bench/machines, or the path of a report that deno task doctor --json FILE writes",
    { value: null, group: run, placeholder: "NAME|PATH", requires: dryRun },
  ),
  help,
  device: oneOf("auto uses a GPU through WebGPU if there is one, and the CPU otherwise", {
    value: "auto",
    group: device,
    choices: ["auto", "webgpu", "cpu"],
  }),
  workers: integer("threads for data stages and the CPU engine; auto uses one per CPU core", {
    value: "auto",
    min: 1,
    max: 1024,
    words: ["auto"],
    group: device,
  }),
  blas: text(
    "library that multiplies matrices on the CPU: auto uses the system's BLAS under deno task native, and WASM otherwise; off uses WASM",
    { value: "auto", group: device, placeholder: "auto|off|PATH" },
  ),
  tune: path(
    "time the matrix kernels on this GPU once, keep the choices in FILE, and run the fastest; the same FILE gives the same losses bit for bit; default: a heuristic picks the kernels",
    { value: null, group: device, placeholder: "FILE" },
  ),
  ui,
  events,
  quiet: flag("print results and errors only", { value: false, group: printing }),
  json: flag("print events as JSON lines to standard output", { value: false, group: printing }),
  color: flag("print without colour", { value: true, group: printing }),
  logEvery: integer(
    "steps between progress lines when standard output is not a terminal; losses are read from a GPU equally often, but at least every 16 steps",
    { value: 10, min: 1, group: printing },
  ),
  trace: flag("print where in the program an error arose", { value: false, group: printing }),
};

/** Options that can only be typed: they say what a command does. */
export const typedOptions: ReadonlySet<string> = new Set([
  "config",
  "help",
  "dryRun",
  "machine",
  "distributed",
  "distributedTimeout",
  "overlap",
]);

/** Options of a command and not of its run: config.json does not hold them. */
export const commandOptions: ReadonlySet<string> = new Set([
  ...typedOptions,
  "trace",
  "ui",
  "events",
  "quiet",
  "json",
  "color",
]);
