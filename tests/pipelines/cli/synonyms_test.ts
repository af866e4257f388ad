import { deepStrictEqual, strictEqual } from "node:assert/strict";
import { suggestedOption, suggestedPipeline, suggestedValue } from "../../../pipelines/cli/synonyms.ts";
import { runHere } from "../in_process.ts";

/** What people who come from nanoGPT, llm.c and Hugging Face type, and what they are told to type. */
const cases: Readonly<Record<string, Readonly<Record<string, string>>>> = {
  "fineweb-gpt2": {
    "--learning-rate": "--lr",
    "--learning_rate": "--lr",
    "--lr-schedule": "--schedule",
    "--lr-scheduler-type": "--schedule",
    "--lr-decay-iters": "--schedule-steps",
    "--max-steps": "--steps",
    "--max-iters": "--steps",
    "--max_iters": "--steps",
    "--num-iterations": "--steps",
    "--num-train-epochs": "--epochs",
    "--num-tokens": "--tokens",
    "--block-size": "--seq-len",
    "--block_size": "--seq-len",
    "--context-length": "--seq-len",
    "--n-layer": "--layers",
    "--n_layer": "--layers",
    "--depth": "--layers",
    "--n-head": "--heads",
    "--n-embd": "--channels",
    "--d-model": "--channels",
    "--hidden-size": "--channels",
    "--output-dir": "--out",
    "--out_dir": "--out",
    "-o": "--out",
    "--gradient-accumulation-steps": "--grad-accum",
    "--per-device-train-batch-size": "--batch-size",
    "--total-batch-size": "--total-batch-tokens",
    "--max-grad-norm": "--grad-clip",
    "--warmup-iters": "--warmup",
    "--weight_decay": "--weight-decay",
    "--gradient-checkpointing": "--recompute block",
    "--fp16": "--dtype f16",
    "--precision": "--dtype",
    "--cuda": "--device webgpu",
    "--gpu": "--device webgpu",
    "--adamw": "--optimizer adamw",
    "--dataset": "--source",
    "--eval-interval": "--eval-every",
    "--save-steps": "--checkpoint-every",
    "--resume-from-checkpoint": "--resume",
    "--num-workers": "--workers",
    "--min_lr": "--min-lr",
    "--learning-rte": "--lr",
    "--steeps": "--steps",
  },
  "train": { "--data": "--train-shards", "--val-data": "--val-shards", "--model": "--init-from" },
  "sample": {
    "--max-new-tokens": "--max-tokens",
    "--num-samples": "--count",
    "--temp": "--temperature",
    "--start": "--prompt",
    "--model": "--checkpoint",
    "--nucleus": "--top-p",
    "--greedy": "--temperature 0",
    "--repeat-penalty": "--repetition-penalty",
  },
  "makemore": { "--lr": "--learning-rate", "--layers": "--n-layer", "--steps": "--max-steps" },
  "convert": { "--input": "--from", "--output": "--to" },
};

Deno.test("an unknown option is answered with ours for the field's other names", async () => {
  for (const [name, options] of Object.entries(cases)) {
    const said: Record<string, string> = {};
    for (const option of Object.keys(options)) {
      const { code, err } = await runHere([name, option, "1"]);
      strictEqual(code, 2);
      said[option] = /^error: Unknown option \S+: did you mean (.*)\?\n$/.exec(err)?.[1] ?? err;
    }
    deepStrictEqual(said, options, name);
  }
});

Deno.test("an unknown value and an unknown pipeline are answered with ours", async () => {
  const device = await runHere(["fineweb-gpt2", "--device", "cuda"]);
  strictEqual(
    device.err,
    'error: Bad value for --device: "cuda": expected one of auto, webgpu, cpu: did you mean webgpu?\n',
  );
  deepStrictEqual(
    ["generate", "evaluate", "pretrain", "preprocess", "bpe", "course", "tranin"].map((word) =>
      suggestedPipeline(word, ["sample", "eval", "train", "tokenize", "tokenizer", "lessons"])
    ),
    ["sample", "eval", "train", "tokenize", "tokenizer", "lessons", "train"],
  );
  strictEqual(suggestedValue("bf16", ["f32", "f16"]), "f16");
  strictEqual(suggestedValue("zzz", ["f32", "f16"]), null);
  strictEqual(
    (await runHere(["pretrain"])).err,
    'error: Unknown pipeline "pretrain": did you mean fineweb-gpt2?\n',
  );
});

Deno.test("an option that does nothing in the pipeline is never suggested", async () => {
  const { err } = await runHere(["report", "--devize", "cpu"]);
  strictEqual(err.includes("--device"), false, err);
  strictEqual(suggestedOption("nothing-like-it", ["lr", "steps"]), null);
});
