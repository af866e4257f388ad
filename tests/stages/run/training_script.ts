/**
 * A user's script that trains a small GPT in a run's folder: `training_script.ts OUT STEPS`. With
 * `--hold FILE` its 31st batch waits until the file is there.
 *
 * @module
 */
import { exists } from "../../../stages/disk/whole_files.ts";
import * as p from "../../../mod.ts";

const [out, count] = Deno.args;
const steps = Number(count);
const hold = Deno.args.includes("--hold") ? Deno.args[Deno.args.indexOf("--hold") + 1] : null;
let batches = 0;
const tokenizer = p.byteTokenizer();
const { vocabSize } = tokenizer;
const [seqLen, batchSize, lr] = [32, 2, 3e-3];
const model = p.gpt({ layers: 1, heads: 2, channels: 16, seqLen, vocabSize });
const plan = p.plan({ model, training: { optimizer: p.adamw(), shape: [1, batchSize, seqLen], clip: 1 } });
const { engine } = await p.openEngine("cpu", { threads: 1, blas: "off" });

const training = p.from(await p.openSource(["embedded:sotu"]))
  .pipe(p.encode(tokenizer))
  .pipe(p.shard({ dir: `${out}/shards`, vocabSize, validationTokens: 1000 }))
  .pipe(p.windows({ seqLen, vocabSize }))
  .pipe(p.batch({ batchSize, gradAccum: 1, seqLen }))
  .pipe(p.map("hold", async (batch: p.Batch) => {
    batches++;
    while (batches === 31 && hold !== null && !await exists(hold)) {
      await new Promise((resolve) => setTimeout(resolve, 10));
    }
    return batch;
  }))
  .pipe(
    p.train({
      engine,
      plan,
      steps,
      checkpointEvery: 20,
      schedule: p.schedule({ kind: "constant", lr, steps }),
    }),
  );
const { stopped, checkpoint } = await p.runFolder(training, {
  out,
  options: { lr },
  limits: { steps },
  seed: 7,
  quiet: Deno.args.includes("--quiet"),
  json: Deno.args.includes("--json"),
});
if (!Deno.args.includes("--json")) console.log(stopped ? "stopped" : "finished", checkpoint);
