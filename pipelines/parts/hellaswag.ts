/**
 * The stage for `--hellaswag`. The file is checked before the run starts: otherwise the run would fail at its
 * first evaluation.
 *
 * @module
 */
import { checkReadable } from "../../stages/disk/files.ts";
import { evaluateHellaswag } from "../../stages/evaluate/evaluate_hellaswag.ts";
import type { Stage } from "../../stages/flow/stage.ts";
import type { ModelUpdate } from "../../stages/model/model_update.ts";
import { hellaswag } from "../../stages/task/hellaswag.ts";
import type { Tokenizer } from "../../stages/token/tokenizer.ts";
import type { Values } from "../cli/pipeline.ts";
import type { monitoringOptions } from "./options/monitoring_options.ts";

type HellaswagValues = Pick<
  Values<typeof monitoringOptions>,
  "hellaswag" | "hellaswagEvery" | "hellaswagItems"
>;

/** Returns whether a run evaluates on HellaSwag. */
export function usesHellaswag({ hellaswag, hellaswagEvery }: HellaswagValues): boolean {
  return hellaswag !== null && hellaswagEvery > 0;
}

/**
 * Returns the stage that evaluates on HellaSwag. Returns null if the options ask for no such evaluation.
 * Throws Deno.errors.NotFound if the file does not exist, RangeError if the tokenizer is not known.
 */
export async function hellaswagStage(
  o: HellaswagValues,
  tokenizer: Tokenizer | null,
): Promise<Stage<ModelUpdate, ModelUpdate> | null> {
  const { hellaswag: file, hellaswagEvery: every, hellaswagItems } = o;
  if (file === null || every === 0) return null;
  await checkHellaswag(o);
  if (tokenizer === null) {
    throw new RangeError(
      "Cannot evaluate on --hellaswag: the tokenizer of the shards is not known: put its folder beside them as tokenizer/",
    );
  }
  return evaluateHellaswag({
    every,
    items: hellaswag(file, hellaswagItems === null ? {} : { items: hellaswagItems }),
    tokenizer,
  });
}

/** Throws if the file of --hellaswag cannot be read. */
export async function checkHellaswag({ hellaswag }: Pick<HellaswagValues, "hellaswag">): Promise<void> {
  if (hellaswag !== null) await checkReadable(hellaswag);
}
