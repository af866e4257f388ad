/**
 * Whether tokens are of a model's vocabulary.
 *
 * @module
 */
import { ignoredTarget } from "../../kernels/ops/loss/cross_entropy.ts";

/** Throws RangeError for ids from `limit` on; a "target" may be one to ignore. */
export function checkTokens(
  ids: Uint32Array,
  options: { readonly limit: number; readonly what: string },
): void {
  const { limit, what } = options;
  const at = ids.findIndex((id) => id >= limit && !(what === "target" && id === ignoredTarget));
  if (at < 0) return;
  throw new RangeError(
    `Cannot use ${what} token ${
      ids[at]
    } at ${at}: the model's vocabulary has ${limit}: was the text encoded with another tokenizer?`,
  );
}
