/**
 * What the runner adds to real filters: 1,500 embedded mails through FineWeb's filters by a plain loop and by a flow, in
 * turn; the median ratio. `deno run -A bench/flow_share.ts`
 *
 * @module
 */
import {
  asSource,
  type Context,
  type Document,
  embedded,
  finewebStages,
  from,
  type Many,
  type Stage,
} from "../mod.ts";

const documents: Document[] = [];
for await (const document of from(embedded("spam-assassin")).stream({ seed: 1 })) {
  if (documents.push(document) === 1500) break;
}

/** Milliseconds of a loop that calls each stage's push. */
async function byHand(): Promise<number> {
  const context: Context = {
    signal: new AbortController().signal,
    rng: { next: () => 0, integer: () => 0 },
    seed: 0,
    stopping: false,
    emit() {},
    drop() {},
  };
  const stages = finewebStages();
  const states: unknown[] = [];
  for (const stage of stages) states.push(await stage.open(context));
  const began = performance.now();
  for (const document of documents) {
    let items: Document[] = [document];
    for (let i = 0; i < stages.length && items.length > 0; i++) {
      const out = stages[i].push(items[0], states[i], context) as Many<Document>;
      items = Symbol.iterator in out ? [...out] : await Array.fromAsync(out);
    }
  }
  return performance.now() - began;
}

/** Milliseconds of the same as a flow. */
async function byFlow(): Promise<number> {
  const flow = finewebStages().reduce(
    (flow, stage: Stage<Document, Document>) => flow.pipe(stage),
    from(asSource("documents", () => documents)),
  );
  const began = performance.now();
  await flow.run();
  return performance.now() - began;
}

await byHand();
await byFlow();
const ratios: number[] = [];
for (let round = 0; round < 9; round++) {
  const hand = await byHand();
  ratios.push(await byFlow() / hand);
}
ratios.sort((a, b) => a - b);
console.log(
  `flow / loop: median ${ratios[4].toFixed(3)}, from ${ratios[0].toFixed(3)} to ${ratios[8].toFixed(3)}`,
);
