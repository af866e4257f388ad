/**
 * Benches of the filters on the embedded mails: the whole FineWeb recipe, and each filter by itself. A
 * bench's name contains the number of mails and MB of one iteration; divide them by the seconds per iteration
 * to get rates.
 *
 * @module
 */
import type { Context, Stage } from "../stages/flow/stage.ts";
import type { Document } from "../stages/items.ts";
import { finewebStages } from "../stages/filter/fineweb_group.ts";
import { wordSplitter, wordSplitterNames } from "../stages/filter/words/words.ts";
import { embedded } from "../stages/source/embedded/embedded.ts";

const limit = 600;
const ctx: Context = {
  signal: new AbortController().signal,
  stopping: false,
  rng: { next: () => 0, integer: () => 0 },
  seed: 1,
  emit: () => {},
  drop: () => {},
};

const source = embedded("spam-assassin");
const mails: Document[] = [];
for await (const doc of source.read(await source.open(ctx), ctx)) if (mails.push(doc) === limit) break;
const bytes = mails.reduce((sum, doc) => sum + new TextEncoder().encode(doc.text).length, 0);
const size = `${mails.length} mails, ${(bytes / 1e6).toFixed(2)} MB`;

const stages = finewebStages();
const states = new Map<Stage<Document, Document>, unknown>();
for (const stage of stages) states.set(stage, await stage.open(ctx));

function pass(stage: Stage<Document, Document>, docs: readonly Document[]): Document[] {
  const kept: Document[] = [];
  for (const doc of docs) {
    const out = stage.push(doc, states.get(stage), ctx);
    if (Symbol.iterator in out) { for (const item of out) if (typeof item !== "symbol") kept.push(item); }
  }
  return kept;
}

Deno.bench(`fineweb, whole recipe: ${size}`, { group: "filters", baseline: true }, () => {
  stages.reduce((docs, stage) => pass(stage, docs), mails);
});
for (const stage of stages) {
  Deno.bench(`${stage.name} alone: ${size}`, { group: "filters" }, () => {
    pass(stage, mails);
  });
}
for (const name of wordSplitterNames) {
  const words = wordSplitter(name);
  Deno.bench(`words, ${name}: ${size}`, { group: "words" }, () => {
    let count = 0;
    for (const doc of mails) count += words(doc.text).length;
    if (count === 0) throw new Error("No words");
  });
}
Deno.bench("read 100 mails: MIME, charsets, HTML to text", { group: "read" }, async () => {
  let count = 0;
  for await (const _ of source.read(await source.open(ctx), ctx)) if (++count === 100) break;
});
