import { deepStrictEqual, rejects, strictEqual, throws } from "node:assert/strict";
import {
  fromRecord,
  type GivenValues,
  readCommandLine,
  readConfig,
} from "../../../pipelines/cli/command_line.ts";
import { filterOptions, sourceOptions } from "../../../pipelines/parts/options/document_options.ts";
import { modelOptions } from "../../../pipelines/parts/options/model_options.ts";
import { monitoringOptions } from "../../../pipelines/parts/options/monitoring_options.ts";
import { validationOptions } from "../../../pipelines/parts/options/shard_options.ts";
import { tokenizerOptions } from "../../../pipelines/parts/options/tokenizer_options.ts";
import { trainingOptions } from "../../../pipelines/parts/options/training_options.ts";
import { presets, trainingPresets, withoutOption } from "../../../pipelines/parts/options/presets.ts";
import { runOptions } from "../../../pipelines/cli/run_options.ts";
import { checkFixed, resolve } from "../../../pipelines/cli/resolve.ts";
import { optionText } from "../../../stages/report/option_text.ts";

const options = {
  ...sourceOptions,
  ...filterOptions,
  ...tokenizerOptions,
  ...validationOptions,
  ...modelOptions,
  ...trainingOptions,
  ...monitoringOptions,
  ...runOptions,
};
const none: GivenValues = new Map();
const cpu = { device: "cpu" } as const;
const given = (...args: string[]) => readCommandLine(args, options);
const pipeline = { options, presets: trainingPresets };
const layers = { commandLine: none, config: none, saved: null, machine: cpu };

Deno.test("readCommandLine() refuses unknown options and bad values in one line with the nearest name", () => {
  throws(() => given("--steeps", "5"), {
    name: "UsageError",
    message: "Unknown option --steeps: did you mean --steps?",
  });
  throws(() => given("--frobnicate"), {
    message: "Unknown option --frobnicate: --help all lists the options",
  });
  throws(() => given("--no-layers"), {
    message: "Unknown option --no-layers: did you mean --layers (it takes a value)?",
  });
  throws(() => given("--device", "gpu"), {
    message: 'Bad value for --device: "gpu": expected one of auto, webgpu, cpu: did you mean webgpu?',
  });
  throws(() => given("--steps", "0"), {
    message: 'Bad value for --steps: "0": expected a whole number of at least 1',
  });
  throws(() => given("--steps"), { message: "--steps needs a value: expected --steps N" });
  throws(() => given("steps", "5"), { message: 'Unexpected argument "steps": did you mean --steps?' });
  throws(() => given("-h5"), { name: "UsageError" });
});

Deno.test("readCommandLine() returns values by name: lists joined, and the last of several", () => {
  const found = given("--grad-accum", "4", "--source", "a", "--source", "b", "--lr", "1", "--lr", "2", "-h");
  deepStrictEqual(Object.fromEntries(found), { gradAccum: 4, source: ["a", "b"], lr: 2, help: true });
});

Deno.test("readConfig() accepts names as typed or in camel case, and a run's config.json", async () => {
  const path = await Deno.makeTempFile();
  const read = async (value: unknown) => {
    await Deno.writeTextFile(path, typeof value === "string" ? value : JSON.stringify(value));
    return Object.fromEntries(await readConfig(path, options));
  };
  try {
    deepStrictEqual(await read({ "grad-accum": 2, batchSize: 4, color: false, source: ["a"] }), {
      gradAccum: 2,
      batchSize: 4,
      color: false,
      source: ["a"],
    });
    deepStrictEqual(await read({ pipeline: "x", options: { layers: 3, gone: 1, initFrom: null } }), {
      layers: 3,
      initFrom: null,
    });
    await rejects(read({ laers: 3 }), { message: `Unknown option "laers" in ${path}: did you mean layers?` });
    for (const typed of ["help", "dryRun", "dry-run", "config"]) { // of a command, not of a run
      await rejects(read({ [typed]: true }), { name: "UsageError", message: /^Unknown option "/ });
    }
    await rejects(read({ quite: true }), (error: Error) => !/quiet/.test(error.message));
    await rejects(read({ layers: "many" }), { name: "UsageError" });
    await rejects(read({ layers: {} }), { name: "UsageError" });
    await rejects(read({ layers: null }), { name: "UsageError" });
    await rejects(read("{"), { name: "UsageError" });
    await rejects(read([1]), { name: "UsageError" });
  } finally {
    await Deno.remove(path);
  }
  await rejects(readConfig(path, options), {
    message: `Cannot read ${path}: there is no such file or folder: give another --config`,
  });
});

Deno.test("resolve() prefers the command line to the config file, and the config file to the preset", () => {
  const config = fromRecord({ layers: 5, lr: 1 }, options, { where: "", unknown: "refuse" });
  const { values, origin, preset } = resolve(pipeline, {
    ...layers,
    config,
    commandLine: given("--lr", "2"),
  });
  deepStrictEqual([values.lr, values.layers, values.channels, values.beta1], [2, 5, 128, 0.9]);
  deepStrictEqual(
    ["lr", "layers", "channels", "beta1"].map((name) => origin.get(name)),
    ["command line", "config file", "preset tiny", "default"],
  );
  strictEqual(preset?.name, "tiny");
  throws(() => resolve(pipeline, { ...layers, commandLine: given("--preset", "tinny") }), {
    message:
      'Unknown preset "tinny": expected one of auto, tiny, finetune, shakespeare-char-cpu, shakespeare-char, gpu-small, gpt2-124m, smollm2-135m, gpt2-355m, gpt2-774m, gpt2-1558m: did you mean tiny?',
  });
});

Deno.test("resolve() drops the other limits if one is given", () => {
  const timed = resolve(pipeline, { ...layers, commandLine: given("--time-limit", "5m") }).values;
  deepStrictEqual([timed.steps, timed.timeLimit, timed.scheduleSteps], [null, 300, null]);
  const counted = resolve(pipeline, {
    ...layers,
    commandLine: given("--preset", "gpt2-124m", "--grad-accum", "2"),
  });
  deepStrictEqual([counted.values.gradAccum, counted.values.totalBatchTokens], [2, null]);
});

Deno.test("resolve() takes the options of the resumed run and keeps the length of its schedule", () => {
  const first = resolve(pipeline, { ...layers, commandLine: given("--steps", "40", "--lr", "3", "--quiet") });
  strictEqual(first.values.scheduleSteps, 40);
  const saved = new Map(Object.entries(first.values));
  const again = resolve(pipeline, { ...layers, saved, commandLine: given("--steps", "80") });
  deepStrictEqual(
    [again.values.steps, again.values.scheduleSteps, again.values.lr, again.values.quiet],
    [80, 40, 3, false],
  );
  checkFixed(again, { options, saved, out: "runs/x" });
  strictEqual(again.preset?.name, "tiny");
  strictEqual(
    resolve(pipeline, { ...layers, commandLine: given("--init-from", "m") }).preset?.name,
    "finetune",
  );
  const slower = resolve(pipeline, { ...layers, saved, commandLine: given("--lr", "2") });
  checkFixed(slower, { options, saved, out: "runs/x" });
  const changed = resolve(pipeline, { ...layers, saved, commandLine: given("--layers", "5") });
  throws(() => checkFixed(changed, { options, saved, out: "runs/x" }), {
    name: "UsageError",
    message:
      "Cannot resume runs/x with --layers 5: the run was started with --layers 1: leave the option out to resume, or start a new run with another --out or --resume never",
  });
  // On a machine with a GPU, `auto` would select another preset.
  const onGpu = { ...layers, saved, machine: { device: "webgpu" } as const };
  checkFixed(resolve(pipeline, onGpu), { options, saved, out: "runs/x" });
});

Deno.test("--dropout is 0 by default, below 1, and may change on resume", () => {
  const first = resolve(pipeline, { ...layers, commandLine: given("--dropout", "0.2") });
  deepStrictEqual([resolve(pipeline, layers).values.dropout, first.values.dropout], [0, 0.2]);
  throws(() => given("--dropout", "1"), {
    message: 'Bad value for --dropout: "1": expected a number from 0 to 0.99',
  });
  const saved = new Map(Object.entries(first.values));
  const changed = resolve(pipeline, { ...layers, saved, commandLine: given("--dropout", "0") });
  checkFixed(changed, { options, saved, out: "runs/x" });
  deepStrictEqual([changed.values.dropout, resolve(pipeline, { ...layers, saved }).values.dropout], [0, 0.2]);
});

Deno.test("presets name existing options, with values that they accept", () => {
  for (const [name, preset] of Object.entries(presets)) {
    fromRecord(preset.options, options, { where: name, unknown: "refuse" });
  }
});

Deno.test("a preset without an option leaves its default", () => {
  const finished = { options, presets: withoutOption(trainingPresets, "vocabSize") };
  deepStrictEqual(
    [resolve(pipeline, layers).values.vocabSize, resolve(finished, layers).values.vocabSize],
    [4096, options.vocabSize.value],
  );
});

Deno.test("optionText() writes an option as it would be typed", () => {
  deepStrictEqual(
    [
      optionText("gradAccum", 4),
      optionText("color", false),
      optionText("tokens", null),
      optionText("prompt", "a b"),
    ],
    ["--grad-accum 4", "--no-color", "--tokens unset", '--prompt "a b"'],
  );
});
