/**
 * Turn documents into token shards, as llm.c reads them.
 *
 * @module
 */
import { from } from "../stages/flow/flow.ts";
import { shard } from "../stages/shard/shard.ts";
import { openSource } from "../stages/source/uri.ts";
import { encode } from "../stages/token/encode.ts";
import { sourceOptions } from "./cli/document_options.ts";
import { heldOutOptions, tokenizerOptions } from "./cli/options.ts";
import { pipeline } from "./cli/pipeline.ts";
import { shellWord } from "./cli/shell_word.ts";
import { checkRereadable, tokenizerFor } from "./cli/tokenizer_for.ts";

export default pipeline({
  about: "turn documents into token shards, as llm.c reads them",
  options: { ...sourceOptions, ...tokenizerOptions, ...heldOutOptions },
  barrierEvery: 256, // documents
  async build(o, env) {
    checkRereadable(o);
    const documents = from(await openSource(o.source, { damaged: o.damaged }));
    const tokenizer = await tokenizerFor(o, { documents, env });
    return documents
      .pipe(encode(tokenizer))
      .pipe(shard({
        dir: `${env.out}/shards`,
        vocabSize: tokenizer.vocabSize,
        validationTokens: o.valTokens,
      }));
  },
  finish: (_o, { out }) => [
    `Shards:  ${out}/shards`,
    `Next:    deno task pipeline train --train-shards ${
      shellWord(`${out}/shards/train_*.bin`)
    } --val-shards ${shellWord(`${out}/shards/val_*.bin`)}`,
  ],
});
