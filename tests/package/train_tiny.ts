/**
 * A script that trains a tiny model on text in memory, with as many threads as its argument says, and prints
 * the losses as JSON. It stands for a user's script: it imports only the package's entry points.
 *
 * @module
 */
import { adamw, asSource, batch, byteTokenizer, from, gpt, openEngine, plan, train } from "@stagewise/gpt";
import type { Sequence } from "@stagewise/gpt";

const tokenizer = byteTokenizer();
const [seqLen, vocabSize, steps] = [16, tokenizer.vocabSize, 5];
const ids = Uint32Array.from(tokenizer.encode("a rose is a rose is a rose. ".repeat(8)));
const { engine } = await openEngine("cpu", { threads: Number(Deno.args[0]) });
const losses: number[] = [];

await from(asSource("roses", function* (): Generator<Sequence> {
  for (let i = 0; i < 2 * steps; i++) yield { ids: ids.slice(i, i + seqLen + 1), path: "roses", start: i };
}))
  .pipe(batch({ batchSize: 2, gradAccum: 1, seqLen }))
  .pipe(train({
    engine,
    plan: plan({
      model: gpt({ layers: 1, heads: 2, channels: 16, seqLen, vocabSize }),
      training: { optimizer: adamw(), shape: [1, 2, seqLen], clip: 1 },
    }),
    steps,
    schedule: () => 0.01,
  }))
  .run({ seed: 1, onEvent: (event) => event.type === "step" && losses.push(event.loss) });
console.log(JSON.stringify(losses));
