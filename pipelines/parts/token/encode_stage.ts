/**
 * The stage `encode` as a run has it.
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
 * Documents to ids on the run's threads: the same ids for any number of them. Each loads the tokenizer from the run's
 * folder, where `tokenizerFor` keeps it.
 */
export function encodeStage(
  tokenizer: Tokenizer,
  { env, ...options }: EncodeOptions & { readonly env: Env },
): Stage<Document, Tokens> {
  const known = encode(tokenizer, options); // refuses a tokenizer without the token between documents
  if (env.workers <= 1) return known;
  return encodeParallel({ ...options, tokenizer: `${env.out}/tokenizer`, workers: env.workers });
}
