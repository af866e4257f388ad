/**
 * Overhead of the runner with real filters. FineWeb's filters process 1,500 embedded mails, alternately in a
 * plain loop and in a flow. Prints the median ratio: time in the flow divided by time in the loop. Run `deno
 * run -A bench/flow_overhead.ts`.
 *
 * @module
 */
import { asSource, type Context, type Document, embedded, from, type Many, type Stage } from "../mod.ts";
import { finewebStages } from "../stages/filter/mod.ts";

const documents: Document[] = [];
for await (const document of from(embedded("spam-assassin")).stream({ seed: 1 })) {
  if (documents.push(document) === 1500) break;
}

/** Measures a loop that calls `push` of each stage; returns its time in milliseconds. */
async function timeLoop(): Promise<number> {
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
  const start = performance.now();
  for (const document of documents) {
    let items: Document[] = [document];
    for (let i = 0; i < stages.length && items.length > 0; i++) {
      const out = stages[i].push(items[0], states[i], context) as Many<Document>;
      items = Symbol.iterator in out ? [...out] : await Array.fromAsync(out);
    }
  }
  return performance.now() - start;
}

/** Measures a flow with the same stages; returns its time in milliseconds. */
async function timeFlow(): Promise<number> {
  const flow = finewebStages().reduce(
    (flow, stage: Stage<Document, Document>) => flow.pipe(stage),
    from(asSource("documents", () => documents)),
  );
  const start = performance.now();
  await flow.run();
  return performance.now() - start;
}

await timeLoop();
await timeFlow();
const ratios: number[] = [];
for (let round = 0; round < 9; round++) {
  const loop = await timeLoop();
  ratios.push(await timeFlow() / loop);
}
ratios.sort((a, b) => a - b);
console.log(
  `flow / loop: median ${ratios[4].toFixed(3)}, from ${ratios[0].toFixed(3)} to ${ratios[8].toFixed(3)}`,
);
