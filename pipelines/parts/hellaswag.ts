/**
 * `--hellaswag`: the file is looked at before the run begins, not when the first round is due.
 *
 * @module
 */
import type { Stage } from "../../stages/flow/stage.ts";
import { hellaswag } from "../../stages/task/hellaswag.ts";
import type { Tokenizer } from "../../stages/token/tokenizer.ts";
import { evaluateHellaswag } from "../../stages/evaluate/evaluate_hellaswag.ts";
import type { ModelUpdate } from "../../stages/model/model_update.ts";
import type { monitoringOptions } from "./options/monitoring_options.ts";
import type { Values } from "../cli/pipeline.ts";
import { exists } from "../../stages/disk/whole_files.ts";

type HellaswagValues = Pick<
  Values<typeof monitoringOptions>,
  "hellaswag" | "hellaswagEvery" | "hellaswagItems"
>;

/** Whether a run asks HellaSwag at all. */
export function usesHellaswag({ hellaswag, hellaswagEvery }: HellaswagValues): boolean {
  return hellaswag !== null && hellaswagEvery > 0;
}

/**
 * The stage, or null where nothing is asked. Throws Deno.errors.NotFound where there is no such file, RangeError where
 * the tokens' tokenizer is not known.
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
      "Cannot ask --hellaswag: the tokenizer of the shards is not known: put its folder beside them as tokenizer/",
    );
  }
  return evaluateHellaswag({
    every,
    items: hellaswag(file, hellaswagItems === null ? {} : { items: hellaswagItems }),
    tokenizer,
  });
}

/** Throws Deno.errors.NotFound where a file is given and is not there. */
export async function checkHellaswag({ hellaswag }: Pick<HellaswagValues, "hellaswag">): Promise<void> {
  if (hellaswag === null || await exists(hellaswag)) return;
  throw new Deno.errors.NotFound(
    `Cannot ask --hellaswag ${hellaswag}: there is no such file: check the path`,
  );
}
