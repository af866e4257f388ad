/**
 * How good is a model? Validation loss, perplexity, bits a byte, HellaSwag.
 *
 * @module
 */
import { gpt } from "../kernels/models/gpt.ts";
import type { GptConfig } from "../kernels/models/gpt_options.ts";
import { asSource } from "../stages/flow/as_source.ts";
import type { RunEvent } from "../stages/flow/events.ts";
import { from } from "../stages/flow/flow.ts";
import { readEvents } from "../stages/report/metrics.ts";
import { chain } from "../stages/source/chain.ts";
import { shardFiles } from "../stages/source/token_shards.ts";
import { evaluateModel, type EvaluationItem } from "../stages/evaluate/evaluate_model.ts";
import { hellaswag } from "../stages/task/hellaswag.ts";
import { loadTokenizer } from "../stages/token/load_tokenizer.ts";
import type { Tokenizer } from "../stages/token/tokenizer.ts";
import { type Plan, plan } from "../stages/model/plan.ts";
import { runFile, runTokenizer } from "./parts/run_files.ts";
import { checkHellaswag } from "./parts/hellaswag.ts";
import { integer, path, text } from "./cli/option_types.ts";
import { hellaswagOptions } from "./parts/options/monitoring_options.ts";
import { shardOptions } from "./parts/options/shard_options.ts";
import { pipeline, type Values } from "./cli/pipeline.ts";
import { planLines } from "./parts/plan_lines.ts";
import { startingWeights } from "./parts/starting_weights.ts";
import { openValidation } from "./parts/validation.ts";

const group = "Evaluation";

const options = {
  checkpoint: path("a run's folder, one of its checkpoints, an llm.c .bin or a safetensors folder", {
    value: "runs/fineweb-gpt2",
    fixed: true,
    group,
  }),
  tokenizer: text("default: the one in the run's folder; else gpt2, p50k, cl100k, o200k, byte or a folder", {
    value: null,
    fixed: true,
    group,
    placeholder: "NAME|PATH",
  }),
  valShards: {
    ...shardOptions.valShards,
    about: "token shards to measure the loss on; default: the run's own",
    group,
  },
  shardFormat: { ...shardOptions.shardFormat, group },
  evalBatches: integer("batches of --batch-size sequences; default: all", {
    value: null,
    min: 1,
    fixed: true,
    group,
  }),
  batchSize: integer("sequences at once", { value: 4, min: 1, max: 65536, fixed: true, group }),
  hellaswag: { ...hellaswagOptions.hellaswag, fixed: true, group },
  hellaswagItems: { ...hellaswagOptions.hellaswagItems, fixed: true, group },
};

export default pipeline({
  about: "measure a model: validation loss, perplexity, bits a byte, HellaSwag",
  options,
  barrierEvery: 64, // batches or HellaSwag items: the most that a resume does again
  async build(o, env) {
    const { config, weights, step = 0 } = await startingWeights(o.checkpoint);
    const shards = await shardsOf(o);
    await checkHellaswag(o);
    if (shards === null && o.hellaswag === null) {
      throw new RangeError(
        `Nothing to measure ${o.checkpoint} on: no shards stand beside it: give --val-shards GLOB or --hellaswag FILE`,
      );
    }
    const tokenizer = await tokenizerOf(o, config);
    const { seqLen, vocabSize } = config, batch = o.batchSize;
    const text = shards === null ? null : await openValidation({
      validation: shards,
      training: [],
      counted: 0,
      vocabSize,
      tokenizer,
      format: o.shardFormat,
    });
    const tokens = await text?.validation() ?? new Uint32Array();
    const batches = Math.min(o.evalBatches ?? Infinity, Math.ceil((tokens.length - 1) / (batch * seqLen)));
    const planned = planOf(o, config, { measures: text !== null });
    return from(chain<EvaluationItem>("questions", [
      asSource("batches", () => Array.from({ length: Math.max(0, batches) }, (_, i) => i)),
      ...(o.hellaswag === null ? [] : [hellaswag(o.hellaswag, itemsOf(o))]),
    ])).pipe(evaluateModel({
      engine: () => env.engine(),
      plan: planned,
      weights,
      step,
      tokens,
      tokenBytes: text?.tokenBytes,
      tokenizer,
    }));
  },
  async plan(o) {
    const { config } = await startingWeights(o.checkpoint);
    return planLines(planOf(o, config, { measures: await shardsOf(o) !== null }));
  },
  finish: async (_o, env) => resultLines(await readEvents(`${env.out}/metrics.jsonl`)),
});

/**
 * The model's tokenizer. GPT-2's is only a guess where nothing is said: where it cannot be, the loss alone is measured,
 * without bits a byte. Throws RangeError for one that cannot be, and where there is none for HellaSwag.
 */
async function tokenizerOf(o: Values<typeof options>, { vocabSize }: GptConfig): Promise<Tokenizer | null> {
  const told = o.tokenizer ?? await runTokenizer(o.checkpoint), name = told ?? "gpt2";
  const tokenizer = await loadTokenizer(name);
  if (tokenizer.vocabSize <= vocabSize) return tokenizer;
  if (told === null && o.hellaswag === null) return null;
  throw new RangeError(
    `Cannot use tokenizer ${name} for ${o.checkpoint}: it has ${tokenizer.vocabSize} tokens, ` +
      `the model ${vocabSize}: give --tokenizer NAME|PATH, the one that the model was trained with`,
  );
}

/** The programs for what there is to ask. */
function planOf(
  o: Values<typeof options>,
  config: GptConfig,
  { measures }: { readonly measures: boolean },
): Plan {
  const { seqLen } = config, batch = o.batchSize;
  return plan({
    model: gpt({ ...config, vocabPad: 1 }),
    ...(measures && { evaluation: { batch, seqLen } }),
    ...(o.hellaswag !== null && { scoring: { tokens: batch * seqLen } }),
  });
}

function itemsOf({ hellaswagItems }: Values<typeof options>): { readonly items?: number } {
  return hellaswagItems === null ? {} : { items: hellaswagItems };
}

async function shardsOf(
  { valShards, checkpoint }: Values<typeof options>,
): Promise<readonly string[] | null> {
  if (valShards !== null) return shardFiles([valShards]);
  const folder = await runFile(checkpoint, "shards");
  return folder === null ? null : shardFiles([`${folder}/val_*.bin`]);
}

/** "Validation loss 4.8930 nats a token, perplexity 133.4, 2.143 bits a byte", and so on. */
function resultLines(events: readonly RunEvent[]): readonly string[] {
  const loss = events.findLast((event) => event.type === "eval");
  const asked = events.findLast((event) => event.type === "hellaswag");
  const bits = loss?.bitsPerByte === undefined ? "" : `, ${loss.bitsPerByte.toFixed(4)} bits a byte`;
  return [
    ...(loss === undefined ? [] : [
      `Validation loss ${loss.valLoss.toFixed(4)} nats a token, perplexity ${
        Math.exp(loss.valLoss).toPrecision(5)
      }${bits}`,
    ]),
    ...(asked === undefined ? [] : [
      `HellaSwag: ${withError(asked.accuracy, asked.items)} by least loss, ${
        withError(asked.accuracyNorm, asked.items)
      } by least loss a token, of ${asked.items} items (chance: 25 %)`,
    ]),
  ];
}

/** A share and its standard error, in per cent. */
function withError(share: number, items: number): string {
  const error = Math.sqrt(share * (1 - share) / items);
  return `${(100 * share).toFixed(2)} % (± ${(100 * error).toFixed(2)})`;
}
