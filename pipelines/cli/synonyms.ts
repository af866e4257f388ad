/**
 * Names that other programs use for the options, values and pipelines of this one. An error message suggests
 * our name for them; they are not accepted in its place.
 *
 * @module
 */
import { nearest } from "./args.ts";

/**
 * Rows of names that mean the same. If a typed name stands in a row, the suggestion is the name in that row
 * which the pipeline has. A name may stand in several rows; earlier rows come first.
 */
const rows: readonly (readonly string[])[] = [
  "lr learning-rate max-lr peak-lr base-lr eta alpha",
  "min-lr lr-min final-lr end-lr lr-end min-learning-rate",
  "schedule lr-schedule lr-scheduler lr-scheduler-type scheduler learning-rate-schedule lr-decay-style decay-lr",
  "schedule-steps lr-decay-iters lr-decay-steps decay-steps decay-iters",
  "warmup warmup-steps warmup-iters num-warmup-steps lr-warmup-iters lr-warmup-steps warmup-ratio",
  "steps max-steps max-iters iters iterations num-iterations num-steps n-steps train-steps num-train-steps train-iters updates",
  "epochs num-epochs num-train-epochs max-epochs n-epochs passes",
  "tokens num-tokens n-tokens train-tokens max-train-tokens total-tokens token-budget",
  "max-tokens max-new-tokens num-tokens n-tokens n-predict max-length max-gen-len length",
  "time-limit max-time time max-seconds max-minutes minutes hours duration budget",
  "seq-len block-size context-length context context-size context-window ctx-len n-ctx ctx-size sequence-length seq-length max-seq-len max-seq-length max-sequence-length max-length n-positions max-position-embeddings",
  "layers n-layer n-layers num-layers depth num-hidden-layers blocks n-blocks",
  "heads n-head n-heads num-heads num-attention-heads attention-heads",
  "channels n-embd n-embed d-model dim width hidden-size hidden-dim embed-dim embd embedding-dim emb-dim model-dim n-hidden",
  "out o output-dir out-dir output outdir save-dir run-dir log-dir logdir checkpoint-dir save-path output-path save-to work-dir",
  "batch-size micro-batch-size device-batch-size per-device-train-batch-size train-batch-size batch bs mbs",
  "grad-accum gradient-accumulation-steps gradient-accumulation grad-accum-steps grad-accumulation accumulate-grad-batches accumulation-steps accum-steps",
  "total-batch-tokens total-batch-size global-batch-size tokens-per-step batch-tokens tokens-per-batch",
  "grad-clip max-grad-norm clip gradient-clip gradient-clipping gradient-clip-val clip-grad clip-grad-norm grad-norm-clip max-norm",
  "weight-decay wd l2 decay",
  "beta1 adam-beta1 adam-b1 b1 betas",
  "beta2 adam-beta2 adam-b2 b2",
  "eps epsilon adam-epsilon adam-eps",
  "optimizer optim opt optimiser",
  "dtype precision mixed-precision torch-dtype amp half fp16 float16 bf16 bfloat16 dtype-str",
  "dropout drop drop-rate dropout-rate p-drop attn-pdrop resid-pdrop embd-pdrop",
  "recompute gradient-checkpointing activation-checkpointing grad-checkpointing remat",
  "init-from init pretrained from-pretrained base-model model model-name-or-path model-path load load-checkpoint ckpt checkpoint finetune-from",
  "checkpoint model m ckpt ckpt-path checkpoint-path model-path model-name-or-path load init-from resume-from run",
  "resume resume-from resume-from-checkpoint continue continue-from restart load-checkpoint",
  "source i data dataset datasets data-dir data-path dataset-path dataset-name input input-file inputs corpus text file files train-file train-data",
  "train-shards train-data data dataset data-dir data-path input-bin train-bin train-files input source",
  "val-shards val-data valid-data validation-data val-bin input-val-bin eval-data val-files test-data",
  "val-share val-fraction val-split validation-split test-size val-ratio valid-fraction val-tokens",
  "val-bytes val-size validation-bytes val-tokens",
  "val-tokens validation-tokens val-size val-fraction val-split validation-split test-size",
  "eval-every eval-interval eval-steps val-every val-interval val-loss-every evaluate-every evaluation-interval",
  "eval-batches eval-iters val-batches val-iters val-max-batches val-max-steps eval-steps",
  "checkpoint-every save-every save-steps save-interval checkpoint-interval ckpt-every save-freq",
  "keep-checkpoints save-total-limit keep keep-last max-checkpoints",
  "sample-every sample-interval generate-every",
  "log-every log-interval logging-steps print-every log-freq",
  "count num-samples n-samples num-return-sequences samples number",
  "temperature temp",
  "top-k topk",
  "top-p topp nucleus nucleus-p",
  "repetition-penalty repeat-penalty presence-penalty frequency-penalty",
  "prompt start p text input",
  "stop stop-token stop-string eos end-with",
  "device accelerator backend gpu-id",
  "workers num-workers n-workers threads num-threads n-threads jobs num-proc cpus processes",
  "tokenizer tok encoding tokenizer-name tokenizer-path tokenizer-file tokenizer-type",
  "vocab-size vocab n-vocab num-merges vocabulary-size",
  "special special-tokens special-token",
  "seed s random-seed manual-seed random-state rng-seed",
  "quiet q silent",
  "trace debug verbose stack-trace traceback",
  "dry-run plan check estimate",
  "machine gpu-name hardware hw target gpu-type",
  "tensorboard tb tensorboard-dir wandb wandb-log report-to",
  "color colour colors",
  "tie tie-weights weight-tying tie-embeddings tie-word-embeddings",
  "gelu activation activation-function",
  "config c config-file cfg",
  "preset model-size size model-type variant",
  "from input source model checkpoint in",
  "to output out output-dir out-dir outfile",
  "stages filters filter",
  "limit max-documents max-docs num-documents max-samples max-records",
  "damaged on-error errors skip-errors ignore-errors",
  "format output-format out-format",
  "names data dataset source",
  "runs run logs",
  "max-steps steps max-iters iters iterations num-steps", // the names of makemore.py, whose lesson keeps them
  "learning-rate lr",
  "n-layer layers",
  "n-head heads",
  "n-embd channels d-model dim",
].map((row) => row.split(" "));

/** Options whose name alone says what another option's value says: `--cuda`. */
const asValues: Readonly<Record<string, readonly [option: string, value: string]>> = {
  gpu: ["device", "webgpu"],
  cuda: ["device", "webgpu"],
  mps: ["device", "webgpu"],
  webgpu: ["device", "webgpu"],
  cpu: ["device", "cpu"],
  "no-cuda": ["device", "cpu"],
  adam: ["optimizer", "adamw"],
  adamw: ["optimizer", "adamw"],
  muon: ["optimizer", "muon"],
  sgd: ["optimizer", "sgd"],
  fp16: ["dtype", "f16"],
  float16: ["dtype", "f16"],
  half: ["dtype", "f16"],
  overwrite: ["resume", "never"],
  "overwrite-output-dir": ["resume", "never"],
  force: ["resume", "never"],
  greedy: ["temperature", "0"],
  "gradient-checkpointing": ["recompute", "block"],
};

/** Values of other programs, and ours that mean the same or come nearest. */
const values: Readonly<Record<string, readonly string[]>> = {
  gpu: ["webgpu"],
  cuda: ["webgpu"],
  "cuda:0": ["webgpu"],
  mps: ["webgpu"],
  metal: ["webgpu"],
  vulkan: ["webgpu"],
  rocm: ["webgpu"],
  adam: ["adamw"],
  lion: ["muon"],
  fp16: ["f16"],
  float16: ["f16"],
  half: ["f16"],
  bfloat16: ["bf16", "f16"],
  bf16: ["f16"],
  fp32: ["f32"],
  float32: ["f32"],
  float: ["f32"],
  cosine_with_min_lr: ["cosine"],
  cos: ["cosine"],
  none: ["constant", "none"],
  trapezoidal: ["wsd"],
  "warmup-stable-decay": ["wsd"],
  gelu_new: ["tanh"],
  exact: ["erf"],
  json: ["jsonl"],
};

/** Names of other programs for pipelines. */
const pipelines: Readonly<Record<string, readonly string[]>> = {
  "generate": ["sample"],
  "inference": ["sample"],
  "infer": ["sample"],
  "predict": ["sample"],
  "complete": ["sample"],
  "evaluate": ["eval"],
  "test": ["eval"],
  "validate": ["eval"],
  "benchmark": ["eval"],
  "pretrain": ["fineweb-gpt2", "train"],
  "fit": ["train"],
  "gpt": ["fineweb-gpt2"],
  "gpt2": ["fineweb-gpt2"],
  "finetune": ["sft", "train"],
  "fine-tune": ["sft", "train"],
  "prepare": ["tokenize"],
  "preprocess": ["tokenize"],
  "encode": ["tokenize"],
  "train-tokenizer": ["tokenizer"],
  "bpe": ["tokenizer"],
  "minbpe": ["tokenizer"],
  "filter": ["fineweb"],
  "clean": ["fineweb"],
  "dedup": ["fineweb"],
  "crawl": ["fineweb"],
  "export": ["convert"],
  "import": ["convert"],
  "plot": ["report"],
  "compare": ["report"],
  "course": ["lessons"],
  "lesson": ["lessons"],
  "tutorial": ["lessons"],
};

/**
 * Returns what to type for an unknown option: "--lr", "--device webgpu"; null if nothing is close. `flags`
 * are the names of the pipeline's options without dashes.
 */
export function suggestedOption(typed: string, flags: readonly string[]): string | null {
  const name = typed.replaceAll("_", "-").toLowerCase(), has = (flag: string) => flags.includes(flag);
  if (has(name)) return `--${name}`;
  const [option, value] = asValues[name] ?? [];
  if (option !== undefined && has(option)) return `--${option} ${value}`;
  const same = synonymOf(name, has);
  if (same !== null) return `--${same}`;
  const plain = name.replace(/^no-/, "");
  const near = nearest(plain, flags);
  if (near !== null) return `--${near}`;
  const known = nearest(plain, rows.flat());
  const ours = known === null ? null : synonymOf(known, has);
  return ours === null ? null : `--${ours}`;
}

function synonymOf(name: string, has: (flag: string) => boolean): string | null {
  for (const row of rows) {
    const ours = row.includes(name) ? row.find(has) : undefined;
    if (ours !== undefined) return ours;
  }
  return null;
}

/** Returns the accepted value that another program's word stands for or resembles; null if there is none. */
export function suggestedValue(typed: string, choices: readonly string[]): string | null {
  const same = values[typed.toLowerCase()]?.find((value) => choices.includes(value));
  return same ?? nearest(typed, choices);
}

/** Returns the pipeline that another program's name stands for or resembles; null if there is none. */
export function suggestedPipeline(typed: string, names: readonly string[]): string | null {
  const same = pipelines[typed.toLowerCase()]?.find((name) => names.includes(name));
  return same ?? nearest(typed, names);
}
