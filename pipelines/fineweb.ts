/**
 * Filter documents by FineWeb's recipe and write what stays, what was removed and why.
 *
 * @module
 */
import { forgetDocuments } from "../stages/filter/minhash/deduplicate.ts";
import { from } from "../stages/flow/flow.ts";
import { writeDocuments } from "../stages/sink/documents.ts";
import { openSource } from "../stages/source/uri.ts";
import { filters, pagesFor } from "./cli/filters.ts";
import { filterOptions, sourceOptions } from "./cli/options.ts";
import { pipeline } from "./cli/pipeline.ts";
import { shellWord } from "./cli/shell_word.ts";

const minhash: typeof filterOptions.minhash = { ...filterOptions.minhash, value: "cluster" };

export default pipeline({
  about: "filter documents by FineWeb's recipe and write what stays, what was removed and why",
  options: { ...sourceOptions, ...filterOptions, minhash },
  barrierEvery: 256, // documents
  async build(o, env) {
    return from(await openSource(o.source, { ...pagesFor(o.stages), damaged: o.damaged }))
      .via(await filters(o, env))
      .pipe(writeDocuments({ dir: `${env.out}/documents` }));
  },
  async finish(_o, env) {
    forgetDocuments(`${env.out}/minhash`);
    const files = await Array.fromAsync(Deno.readDir(`${env.out}/documents`));
    if (files.length === 0) {
      return [`No document passed the filters: the removed ones, with reasons, are in ${env.out}/removed`];
    }
    return [
      `Documents:  ${env.out}/documents, removed ones with reasons: ${env.out}/removed`,
      `Next:       deno task pipeline tokenize --source ${shellWord(`${env.out}/documents/*.jsonl.gz`)}`,
    ];
  },
});
