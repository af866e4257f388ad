/**
 * Values of training options that follow from other inputs: the model of --init-from, and the number of
 * steps. They are determined once, when a run starts, and recorded; a resumed run keeps them.
 *
 * @module
 */
import { gptOptions } from "../../kernels/models/gpt_options.ts";
import { nanochatOptions } from "../../kernels/models/nanochat_options.ts";
import { llamaOptions } from "../../kernels/models/llama_options.ts";
import { architectureOf } from "../../kernels/models/model_config.ts";
import { type OptionRow, withDefaults } from "../../kernels/models/model_options.ts";
import { optionText } from "../../stages/report/option_text.ts";
import { openModelFile } from "./starting_weights.ts";
import { stepsOf } from "./training_length.ts";
import type { TrainingValues } from "./training_plan.ts";

/** Learning rate of adapters: ten times that of the preset finetune (Schulman et al. 2025). */
const ADAPTER_LR = 1e-3;

/** Whether the command line or the config file gives an option. */
export type IsGiven = (option: string) => boolean;

/**
 * Returns the values that differ from those of the options. `stepsOfEpochs` counts the steps of a run whose
 * length is given in passes; null if that cannot be known yet. Throws RangeError for a given option that
 * contradicts the model of --init-from.
 */
export async function settledValues(
  o: TrainingValues,
  { isGiven, stepsOfEpochs }: {
    readonly isGiven: IsGiven;
    stepsOfEpochs?(o: TrainingValues): Promise<number | null>;
  },
): Promise<Partial<TrainingValues>> {
  const ofModel = o.initFrom === null ? {} : await valuesOfModel(o, { path: o.initFrom, isGiven });
  const sized = { ...o, ...ofModel };
  const scheduleSteps = sized.scheduleSteps ?? stepsOf(sized) ??
    (sized.timeLimit === null ? await stepsOfEpochs?.(sized) ?? null : null);
  // A preset's warm-up is for a run of the preset's length.
  const warmup = scheduleSteps === null || isGiven("warmup")
    ? o.warmup
    : Math.min(o.warmup, scheduleSteps - 1);
  const rate = o.lora > 0 && !isGiven("lr") ? { lr: ADAPTER_LR } : {};
  return { ...ofModel, ...rate, scheduleSteps, warmup };
}

/** Returns the options of the model that training starts from. */
async function valuesOfModel(
  o: TrainingValues,
  { path, isGiven }: { readonly path: string; readonly isGiven: IsGiven },
): Promise<Partial<TrainingValues>> {
  const file = await openModelFile(path);
  file.close();
  const { name: architecture, options } = architectureOf(file.config);
  if (isGiven("architecture") && o.architecture !== architecture) {
    throw new RangeError(
      `Cannot use --architecture ${o.architecture} with --init-from ${path}: the model is a ${architecture}: ` +
        "leave the option out, or start from another model",
    );
  }
  const model: Readonly<Record<string, unknown>> = withDefaults(options, file.config);
  const values: Record<string, unknown> = { architecture };
  const rows: Readonly<Record<string, OptionRow>> = { ...nanochatOptions, ...llamaOptions, ...gptOptions };
  for (const [name, row] of Object.entries(rows)) {
    if (row.commandLine === false) continue;
    const given: unknown = Object.entries(o).find(([key]) => key === name)?.[1], own = model[name];
    if (!Object.hasOwn(options, name) && isGiven(name) && given !== row.value) {
      throw new RangeError(
        `Cannot use ${
          optionText(name, given)
        } with --init-from ${path}: a ${architecture} model has no such ` +
          `option: leave it out, or start from another model`,
      );
    }
    if (!Object.hasOwn(options, name) || (row.affects ?? "output") !== "output") continue;
    if (!isGiven(name)) {
      values[name] = name === "seqLen" ? Math.min(Number(given), Number(own)) : own;
    } else if (!fits(name, { given, own })) {
      throw new RangeError(
        `Cannot use ${optionText(name, given)} with --init-from ${path}: the model has ${
          optionText(name, own)
        }: leave the option out, or start from another model`,
      );
    }
  }
  return values;
}

/** Returns whether a model can be trained with another value of an option than its own. */
function fits(name: string, { given, own }: { readonly given: unknown; readonly own: unknown }): boolean {
  if (name === "seqLen") return Number(given) <= Number(own); // shorter sequences use the first positions
  if (name === "tie") return given === own || given === false; // a separate head starts from a tied one
  return given === own;
}
