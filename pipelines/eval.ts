/**
 * Evaluates a model: validation loss, perplexity, bits per byte, HellaSwag.
 *
 * @module
 */
import type { QuantizedWeights } from "../kernels/core/scope.ts";
import type { ModelConfig } from "../kernels/models/model_config.ts";
import { modelOf } from "../kernels/models/model_of.ts";
import { evaluateModel, type EvaluationItem } from "../stages/evaluate/evaluate_model.ts";
import { tokensOfBytes } from "../stages/evaluate/loss_tally.ts";
import { asSource } from "../stages/flow/as_source.ts";
import type { RunEvent } from "../stages/flow/events.ts";
import { from } from "../stages/flow/flow.ts";
import { type Plan, plan } from "../stages/model/plan.ts";
import { readEvents } from "../stages/report/metrics.ts";
import { chain } from "../stages/source/chain.ts";
import { shardFiles } from "../stages/source/token_shards.ts";
import { hellaswag } from "../stages/task/hellaswag.ts";
import { loadTokenizer } from "../stages/token/load_tokenizer.ts";
import type { Tokenizer } from "../stages/token/tokenizer.ts";
import { integer, repeatedPaths } from "./cli/option_types.ts";
import { pipeline, type Values } from "./cli/pipeline.ts";
import { textName } from "../stages/report/compared_bits.ts";
import { checkHellaswag } from "./parts/hellaswag.ts";
import { type EvaluationText, shardText, sourceText } from "./parts/evaluation_text.ts";
import { sourceOptions, textOnly } from "./parts/options/document_options.ts";
import {
  readsArchives,
  readsFiles,
  readsHub,
  readsPlainText,
  readsRecords,
} from "./parts/options/requirements.ts";
import { inferenceOptions } from "./parts/options/inference_options.ts";
import { hellaswagOptions } from "./parts/options/monitoring_options.ts";
import { ofBinShards, shardOptions } from "./parts/options/shard_options.ts";
import { machineLines } from "./parts/machine_lines.ts";
import { largestModelLines } from "./parts/memory/largest_model.ts";
import { planLines } from "./parts/plan_lines.ts";
import { runFile, runTokenizer } from "./parts/run_files.ts";
import { inferenceWeights } from "./parts/starting_weights.ts";
import { EVAL_BLOCK } from "./parts/training_length.ts";

const model = { fixed: true, group: "Model" };
const evaluation = { fixed: true, group: "Evaluation" };

const someSource = {
  option: "source",
  accepts: (value: unknown) => Array.isArray(value) && value.length > 0,
  typed: "--source URI",
};

const noSource = {
  option: "source",
  accepts: (value: unknown) => Array.isArray(value) && value.length === 0,
  typed: "a command without --source",
};

const options = {
  checkpoint: { ...inferenceOptions.checkpoint, ...model, stored: "evaluated" as const },
  tokenizer: { ...inferenceOptions.tokenizer, ...model },
  weights: { ...inferenceOptions.weights, ...model },
  activations: { ...inferenceOptions.activations, ...model },
  valShards: {
    ...shardOptions.valShards,
    ...evaluation,
    about: "token shards to measure the loss on; default: the run's own",
  },
  shardFormat: { ...shardOptions.shardFormat, ...evaluation, requires: [noSource, ofBinShards("valShards")] },
  source: repeatedPaths(
    `measure the loss on this text in place of shards: ${sourceOptions.source.about}`,
    { value: [], placeholder: "URI", takesAddress: true, ...evaluation },
  ),
  damaged: { ...sourceOptions.damaged, ...evaluation, requires: [someSource, readsFiles] },
  encoding: { ...sourceOptions.encoding, ...evaluation, requires: [someSource, readsPlainText] },
  split: { ...sourceOptions.split, ...evaluation, requires: [someSource, readsPlainText] },
  textKey: { ...sourceOptions.textKey, ...evaluation, requires: [someSource, readsRecords] },
  idKey: { ...sourceOptions.idKey, ...evaluation, requires: [someSource, readsRecords] },
  httpErrors: { ...sourceOptions.httpErrors, ...evaluation, requires: [someSource, readsArchives] },
  hubToken: { ...sourceOptions.hubToken, ...evaluation, requires: [someSource, readsHub] },
  evalBatches: integer(
    "how much of the text to measure the loss on, in blocks of 4,096 bytes; default: all",
    { value: null, min: 1, ...evaluation },
  ),
  batchSize: integer("sequences per batch", { value: 4, min: 1, max: 65536, ...evaluation }),
  hellaswag: { ...hellaswagOptions.hellaswag, ...evaluation },
  hellaswagItems: { ...hellaswagOptions.hellaswagItems, ...evaluation },
};

export default pipeline({
  about: "evaluate a model: validation loss, perplexity, bits per byte, HellaSwag",
  options,
  examples: [
    { does: "the loss of the first command's model on its held-out text", typed: "" },
    {
      does: "also its accuracy on 200 questions",
      typed: "--checkpoint runs/notes --hellaswag hellaswag_val.jsonl --hellaswag-items 200",
    },
    {
      does: "the loss of an llm.c model on shards",
      typed: "--checkpoint gpt2.bin --val-shards 'shards/val_*.bin'",
    },
  ],
  often: [
    "checkpoint",
    "tokenizer",
    "valShards",
    "evalBatches",
    "batchSize",
    "hellaswag",
    "hellaswagItems",
    "device",
    "workers",
    "out",
  ],
  spares: ["seed", "logEvery"],
  barrierEvery: 64, // batches or HellaSwag items; a resumed run repeats at most this many
  estimates: true,
  speedHints: "evaluation",
  workersFor: "engine",
  async build(o, env) {
    const { config, weights, quantized, step = 0 } = await inferenceWeights(o.checkpoint, o);
    const measuresLoss = await measuresLossOf(o);
    await checkHellaswag(o);
    if (!measuresLoss && o.evalBatches !== null && o.hellaswag !== null) {
      throw new RangeError(
        `--eval-batches ${o.evalBatches} does nothing without text: there are no shards in the run's folder of ${o.checkpoint}: it needs --source URI or --val-shards GLOB`,
      );
    }
    if (!measuresLoss && o.hellaswag === null) {
      throw new RangeError(
        `Nothing to evaluate ${o.checkpoint} on: there are no shards in its run's folder: give --source URI, --val-shards GLOB or --hellaswag FILE`,
      );
    }
    const tokenizer = await tokenizerOf(o, config);
    const text = measuresLoss ? await textOf(o, { tokenizer, vocabSize: config.vocabSize }) : null;
    const tokens = text?.tokens ?? new Uint32Array();
    const batches = Math.max(0, Math.ceil((tokens.length - 1) / (o.batchSize * config.seqLen)));
    return from(chain<EvaluationItem>("questions", [
      asSource("batches", () => Array.from({ length: batches }, (_, i) => i)),
      ...(o.hellaswag === null ? [] : [hellaswag(o.hellaswag, itemsOf(o))]),
    ])).pipe(evaluateModel({
      engine: () => env.engine(),
      plan: planOf(o, { config, measuresLoss, quantized }),
      weights,
      step,
      tokens,
      tokenBytes: text?.tokenBytes,
      ...(text !== null && { text: text.identity }),
      tokenizer,
    }));
  },
  helpNotes: largestModelLines,
  async plan(o, env) {
    const { config, quantized } = await inferenceWeights(o.checkpoint, o);
    const plan = planOf(o, { config, quantized, measuresLoss: await measuresLossOf(o) });
    return planLines({ ...plan, largestModel: largestModelLines(), machine: machineLines(plan, env) });
  },
  finish: async (_o, env) => resultLines(await readEvents(`${env.out}/metrics.jsonl`)),
});

/**
 * The model's tokenizer. If none is known, GPT-2's tokenizer is tried; if that has more tokens than the
 * model, the result is null, and the loss is measured without bits per byte. Throws RangeError for a
 * tokenizer that does not fit the model, and if --hellaswag is given but no tokenizer fits.
 */
async function tokenizerOf(o: Values<typeof options>, { vocabSize }: ModelConfig): Promise<Tokenizer | null> {
  const known = o.tokenizer ?? await runTokenizer(o.checkpoint), name = known ?? "gpt2";
  const tokenizer = await loadTokenizer(name);
  if (tokenizer.vocabSize <= vocabSize) return tokenizer;
  if (known === null && o.hellaswag === null) return null;
  throw new RangeError(
    `Cannot use tokenizer ${name} for ${o.checkpoint}: it has ${tokenizer.vocabSize} tokens, ` +
      `the model ${vocabSize}: give --tokenizer NAME|PATH, the one that the model was trained with`,
  );
}

/** Returns the model's programs for the loss and for HellaSwag, whichever are needed. */
function planOf(
  o: Values<typeof options>,
  { config, quantized, measuresLoss }: {
    readonly config: ModelConfig;
    readonly quantized: QuantizedWeights;
    readonly measuresLoss: boolean;
  },
): Plan {
  const { seqLen } = config, batch = o.batchSize;
  return plan({
    model: modelOf({ ...config, vocabPad: 1 }),
    quantized,
    ...(measuresLoss && { evaluation: { batch, seqLen } }),
    ...(o.hellaswag !== null && { scoring: { tokens: batch * seqLen } }),
  });
}

function itemsOf({ hellaswagItems }: Values<typeof options>): { readonly items?: number } {
  return hellaswagItems === null ? {} : { items: hellaswagItems };
}

/** Whether there is a text to measure the loss on. */
async function measuresLossOf(o: Values<typeof options>): Promise<boolean> {
  return o.source.length > 0 || await shardsOf(o) !== null;
}

/** The tokens of the text to measure the loss on. Throws RangeError for fewer than two tokens. */
async function textOf(
  o: Values<typeof options>,
  { tokenizer, vocabSize }: { readonly tokenizer: Tokenizer | null; readonly vocabSize: number },
): Promise<EvaluationText> {
  if (o.source.length > 0 && o.valShards !== null) {
    throw new RangeError("Cannot evaluate on both --source and --val-shards: give one of them");
  }
  const text = o.source.length > 0
    ? await sourceText({ source: o.source, ...textOnly(o) }, tokenizer)
    : await shardText(await shardsOf(o) ?? [], { tokenizer, vocabSize, format: o.shardFormat });
  const { tokens, tokenBytes } = text;
  if (tokens.length < 2) {
    throw new RangeError(
      `Cannot evaluate on ${text.name}: it has ${tokens.length} ${
        tokens.length === 1 ? "token" : "tokens"
      }, and a loss needs at least two: give more text`,
    );
  }
  const bytes = o.evalBatches === null ? Infinity : EVAL_BLOCK * o.evalBatches;
  return { ...text, tokens: tokens.subarray(0, tokensOfBytes(tokens, { bytes, tokenBytes })) };
}

/** Returns the paths of the validation shards, or null if none are given and the run's folder has none. */
async function shardsOf(
  { valShards, checkpoint }: Values<typeof options>,
): Promise<readonly string[] | null> {
  if (valShards !== null) return shardFiles([valShards]);
  const folder = await runFile(checkpoint, "shards");
  return folder === null ? null : shardFiles([`${folder}/val_*.bin`]);
}

/**
 * Returns the results as lines, such as "Validation loss 4.8930 nats per token, perplexity 133.4, 2.143 bits
 * per byte". The result of HellaSwag has a line of its own.
 */
function resultLines(events: readonly RunEvent[]): readonly string[] {
  const loss = events.findLast((event) => event.type === "eval");
  const scores = events.findLast((event) => event.type === "hellaswag");
  const bits = loss?.bitsPerByte === undefined
    ? ""
    : `, ${loss.bitsPerByte.toFixed(4)} bits per byte (${textName(loss)})`;
  return [
    ...(loss === undefined ? [] : [
      `Validation loss ${loss.valLoss.toFixed(4)} nats per token, perplexity ${
        Math.exp(loss.valLoss).toPrecision(5)
      }${bits}`,
    ]),
    ...(scores === undefined ? [] : [
      `HellaSwag accuracy: ${withError(scores.accuracy, scores.items)} by lowest loss, ${
        withError(scores.accuracyNorm, scores.items)
      } by lowest loss per token, of ${scores.items} items (chance: 25 %)`,
    ]),
  ];
}

/** Returns a fraction and its standard error in percent: "29.45 % (± 0.45)". */
function withError(fraction: number, items: number): string {
  const error = Math.sqrt(fraction * (1 - fraction) / items);
  return `${(100 * fraction).toFixed(2)} % (± ${(100 * error).toFixed(2)})`;
}
