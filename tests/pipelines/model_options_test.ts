/**
 * Tests every option in the table of model options, both with its default and with other values. The values
 * are given on the command line and stored in every weight format. A format must either store the value or
 * reject it with an error that names the option. No format may ignore a value silently.
 *
 * @module
 */
import { deepStrictEqual, ok, rejects, strictEqual, throws } from "node:assert/strict";
import { sizeOf } from "../../kernels/core/tensor.ts";
import { type GptConfig, gptOptions, isGptConfig } from "../../kernels/models/gpt_options.ts";
import { type LlamaConfig, llamaOptions } from "../../kernels/models/llama_options.ts";
import { type OptionRow, withDefaults } from "../../kernels/models/model_options.ts";
import { modelOptions } from "../../pipelines/parts/options/model_options.ts";
import { openModelFile } from "../../pipelines/parts/starting_weights.ts";
import { trainingPlan } from "../../pipelines/parts/training_plan.ts";
import { formatOfPath, orderOf, writeModel } from "../../pipelines/parts/write_model.ts";
import {
  storedConfig,
  UnsupportedOptionError,
  type WeightFormat,
  weightFormats,
} from "../../stages/format/model/weight_formats.ts";
import { smallConfig } from "../stages/format/model/gpt2_folder.ts";
import { valuesOf } from "./cli/values.ts";
import { withFolder } from "./program.ts";

const rows: readonly (readonly [string, OptionRow])[] = Object.entries(gptOptions);
const small: ReadonlyMap<string, unknown> = new Map(Object.entries(smallConfig));
const paths: Readonly<Record<WeightFormat, string>> = {
  "checkpoint": "checkpoints/step-1",
  "Hugging Face": "folder",
  "GGUF": "model.gguf",
  "llm.c": "model.bin",
};

/** Returns the small model with one option set. */
function configWith(option: string, value: unknown): GptConfig {
  const config: unknown = { ...smallConfig, [option]: value };
  if (isGptConfig(config)) return config;
  throw new Error(`${option} ${value} is not a value`);
}

/** Returns the values of an option other than its default. */
function othersOf(option: string, row: OptionRow): readonly unknown[] {
  switch (row.kind) {
    case "size":
      return [2 * Number(small.get(option) ?? row.value)];
    case "number":
      return [row.min, (row.min + row.max) / 2, row.max].filter((value) => value !== row.value);
    case "flag":
      return [!row.value];
    case "choice":
      return row.choices.filter((choice) => choice !== row.value);
  }
}

/** Writes the model in a format and reads its options back. */
async function roundTrip(
  config: GptConfig,
  { format, dir }: { readonly format: WeightFormat; readonly dir: string },
): Promise<{ readonly config: Readonly<Record<string, unknown>>; readonly changes: readonly string[] }> {
  const path = `${dir}/${paths[format]}`;
  strictEqual(formatOfPath(path, config), format);
  const stored = storedConfig(config, { format, path }), { vocabSize } = config;
  const padding = { paddedVocabSize: vocabSize, rows: vocabSize };
  const target = { format, path, config: stored.config, dtype: "f32", padding, tokenizer: null } as const;
  const writing = await writeModel(target);
  for (const { shape } of orderOf(target)) await writing.write(new Float32Array(sizeOf(shape)));
  await writing.end();
  await writing.close();
  const file = await openModelFile(path);
  file.close();
  strictEqual(file.format, format);
  return { config: file.config, changes: stored.changes };
}

for (const [option, row] of rows) {
  Deno.test(`every weight format stores ${option} or refuses it`, () =>
    withFolder(async (root) => {
      const first = small.get(option) ?? row.value;
      for (const [i, value] of [first, ...othersOf(option, row)].entries()) {
        for (const format of Object.keys(weightFormats).filter(isFormat)) {
          const dir = `${root}/${i}-${format.replace(" ", "-")}`, where = `${format}, ${option} ${value}`;
          const config = configWith(option, value);
          let found;
          try {
            found = await roundTrip(config, { format, dir });
          } catch (error) {
            ok(error instanceof UnsupportedOptionError, `${where}: ${error}`);
            deepStrictEqual([error.option, error.format], [option, format]);
            ok(value !== row.value && (row.affects ?? "output") === "output", where);
            await acceptedInstead(error.message, config, dir);
            continue;
          }
          const read = found.config[option] ?? row.value;
          if (read === value) deepStrictEqual(found.changes, [], where);
          else if (row.affects === "memory") deepStrictEqual(found.config[option], undefined, where);
          else {
            ok(found.changes.length === 1 && found.changes[0].includes(`${option} ${value}`), where);
            ok(
              found.changes[0].includes("nearest float32") || row.affects === "training" ||
                row.kind === "flag" && row.zeros === true,
              where,
            );
          }
        }
      }
    }));
}

/** Tries the paths that an error message suggests. */
async function acceptedInstead(message: string, config: GptConfig, dir: string): Promise<void> {
  const formats = [...message.matchAll(/--to \S+ \(([^)]+)\)/g)].map(([, format]) => format).filter(isFormat);
  ok(formats.length > 0, message);
  for (const format of formats) {
    ok(message.includes(`--to ${weightFormats[format].path} (${format})`), message);
    await roundTrip(config, { format, dir: `${dir}/instead` });
  }
}

function isFormat(name: string): name is WeightFormat {
  return Object.hasOwn(weightFormats, name);
}

Deno.test("llm.c's format refuses values of GELU, tied head and norm epsilon other than its own", () => {
  const refused = rows.filter(([option, row]) =>
    othersOf(option, row).some((value) => {
      try {
        storedConfig(configWith(option, value), { format: "llm.c", path: "x.bin" });
        return false;
      } catch {
        return true;
      }
    })
  );
  const names = refused.map(([option]) => option);
  deepStrictEqual(["gelu", "tie", "normEps"].filter((option) => !names.includes(option)), []);
});

Deno.test("a checkpoint's option that is not in the table is refused by name", () =>
  withFolder(async (dir) => {
    await roundTrip(smallConfig, { format: "checkpoint", dir });
    const folder = `${dir}/${paths.checkpoint}`, stream = `${folder}/stream.json`;
    const json = JSON.parse(await Deno.readTextFile(stream));
    json.parts.train.state.config.slope = 2;
    await Deno.remove(`${folder}/manifest.json`); // its checksums are those of the unchanged file
    await Deno.writeTextFile(stream, JSON.stringify(json));
    await rejects(() => openModelFile(folder), /option "slope" is not known/);
  }));

Deno.test("every option of the table exists on the command line under its name, with its bounds, and reaches the model", () => {
  const typed = new Map<string, (typeof modelOptions)[keyof typeof modelOptions]>(
    Object.entries(modelOptions),
  );
  const sizes = ["--layers", "2", "--heads", "2", "--channels", "4", "--seq-len", "8", "--batch-size", "1"];
  for (const [option, row] of rows) {
    const found = typed.get(option);
    strictEqual(found !== undefined, row.commandLine !== false, option);
    if (found === undefined) continue;
    deepStrictEqual([found.value, found.about.includes(row.about)], [row.value, true]);
    if (row.kind === "size" || row.kind === "number") {
      deepStrictEqual([found.parse(`${row.min}`), found.parse(`${row.max}`)], [row.min, row.max]);
      for (const text of [`${row.min - 1e-3}`, `${row.max + 1}`, "x"]) {
        throws(() => found.parse(text), RangeError);
      }
    }
    for (const value of othersOf(option, row)) {
      const flag = option.replace(/[A-Z]/g, (letter) => `-${letter.toLowerCase()}`);
      const words = row.kind === "flag" ? [value ? `--${flag}` : `--no-${flag}`] : [`--${flag}`, `${value}`];
      const { model } = trainingPlan(valuesOf(...sizes, ...words), { vocabSize: 5 });
      const config: ReadonlyMap<string, unknown> = new Map(Object.entries(model.config ?? {}));
      strictEqual(config.get(option), value, option);
    }
  }
});

Deno.test("every option of a Llama exists on the command line with its bounds, and reaches the model", () => {
  const llamaRows: readonly (readonly [string, OptionRow])[] = Object.entries(llamaOptions);
  const typed = new Map<string, (typeof modelOptions)[keyof typeof modelOptions]>(
    Object.entries(modelOptions),
  );
  const sizes =
    "--architecture llama --layers 2 --heads 4 --channels 8 --head-width 2 --seq-len 8 --batch-size 1 --window 4"
      .split(
        " ",
      );
  for (const [option, row] of llamaRows) {
    const found = typed.get(option);
    strictEqual(found !== undefined, row.commandLine !== false, option);
    if (found === undefined) continue;
    if (row.kind === "size" || row.kind === "number") {
      deepStrictEqual([found.parse(`${row.min}`), found.parse(`${row.max}`)], [row.min, row.max]);
    }
    const value = row.kind === "size" ? 2 : othersOf(option, row)[0];
    const flag = option.replace(/[A-Z]/g, (letter) => `-${letter.toLowerCase()}`);
    const words = row.kind === "flag" ? [value ? `--${flag}` : `--no-${flag}`] : [`--${flag}`, `${value}`];
    const { model } = trainingPlan(valuesOf(...sizes, ...words), { vocabSize: 5 });
    const config: ReadonlyMap<string, unknown> = new Map(Object.entries(model.config ?? {}));
    strictEqual(config.get(option), value, option);
  }
  const { model } = trainingPlan(valuesOf(...sizes), { vocabSize: 5 });
  const { keyHeads, hidden } = withDefaults(llamaOptions, model.config as LlamaConfig);
  deepStrictEqual([keyHeads, hidden], [4, 32]);
});

Deno.test("the initial model of a training run decides the options that affect its outputs, the command line all others", () => {
  const o = valuesOf(
    "--layers",
    "1",
    "--heads",
    "1",
    "--channels",
    "2",
    "--seq-len",
    "3",
    "--batch-size",
    "1",
  );
  for (const [option, row] of rows) {
    for (const value of othersOf(option, row)) {
      const start = {
        config: configWith(option, value),
        weights: {},
        quantized: new Map(),
        adapters: null,
      };
      const { model } = trainingPlan(o, { vocabSize: 5, start });
      const config: ReadonlyMap<string, unknown> = new Map(Object.entries(model.config ?? {}));
      const wanted = (row.affects ?? "output") === "output" ? value : row.value;
      strictEqual(config.get(option) ?? row.value, wanted, option);
    }
  }
});
