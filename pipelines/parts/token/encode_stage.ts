/**
 * A run's stage `encode`, which uses the run's threads.
 *
 * @module
 */
import type { Stage } from "../../../stages/flow/stage.ts";
import type { Document, Tokens } from "../../../stages/items.ts";
import { encode, type EncodeOptions } from "../../../stages/token/encode.ts";
import { encodeParallel } from "../../../stages/token/encode_parallel.ts";
import type { Tokenizer } from "../../../stages/token/tokenizer.ts";
import type { Env } from "../../cli/pipeline.ts";

/**
 * Encodes documents on the run's threads; the ids do not depend on the number of threads. Each thread loads
 * the tokenizer from the run's folder, where `tokenizerFor` has saved it.
 */
export function encodeStage(
  tokenizer: Tokenizer,
  { env, ...options }: EncodeOptions & { readonly env: Env },
): Stage<Document, Tokens> {
  const stage = encode(tokenizer, options); // throws at once if the tokenizer has no end of text
  if (env.workers <= 1) return stage;
  return encodeParallel({ ...options, tokenizer: `${env.out}/tokenizer`, workers: env.workers });
}
