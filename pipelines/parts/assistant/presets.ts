/**
 * The presets of `assistant`: the options of its phases, as they would be typed.
 *
 * @module
 */
import { nanochatTokens } from "../../../stages/chat/template/nanochat.ts";
import type { Presets } from "../../cli/presets.ts";

/** The words of a preset for each phase. */
export interface PhaseWords {
  readonly base: readonly string[];
  readonly sft: readonly string[];
  readonly rl: readonly string[];
}

/** Muon with the rates of the little world, which fall to a tenth. */
const muon = ["--optimizer", "muon", "--lr", "0.004", "--muon-lr", "0.04", "--schedule", "linear"];

/** The sizes at which the little world was measured: the table in pipelines/parts/posttrain/README.md. */
const littleWorld: PhaseWords = {
  base: [
    ..."--preset tiny --layers 3 --heads 3 --channels 96 --seq-len 96 --vocab-pad 1 --batch-size 32".split(
      " ",
    ),
    ...muon,
    ..."--min-lr 0.0004 --warmup 20 --steps 400 --val-bytes 20000 --eval-every 200 --eval-batches 8".split(
      " ",
    ),
    ..."--sample-every 200 --checkpoint-every 100".split(" "),
  ],
  sft: [
    "--pack",
    "best-fit",
    "--batch-size",
    "32",
    ...muon,
    ..."--steps 600 --warmup 20 --checkpoint-every 100".split(" "),
  ],
  rl: [
    ..."--optimizer muon --lr 0.0002 --muon-lr 0.002 --batch-size 64 --group 16 --steps 80".split(" "),
    ..."--checkpoint-every 20 --check-every 40".split(" "),
  ],
};

/**
 * nanochat's recipe: depth D makes a model 64·D channels wide with heads of 128, trained on eight tokens for
 * each parameter of its matrices and its head. Source: karpathy/nanochat, base_train.py and chat_sft.py.
 */
function nanochat(
  depth: number,
  { seqLen, batchTokens, batchSize }: {
    readonly seqLen: number;
    readonly batchTokens: number;
    readonly batchSize: number;
  },
): PhaseWords {
  const channels = 64 * depth, vocabSize = 32_768;
  const tokens = 8 * (12 * depth * channels ** 2 + vocabSize * channels);
  return {
    base: [
      ..."--preset gpt2-124m --stages none --architecture nanochat --tokenizer train --pattern gpt4".split(
        " ",
      ),
      ...["--vocab-size", `${vocabSize}`, ...nanochatTokens.flatMap((token) => ["--special", token])],
      ...["--separator-token", nanochatTokens[0], "--vocab-pad", "64"],
      ...[
        "--layers",
        `${depth}`,
        "--heads",
        `${Math.max(1, Math.ceil(channels / 128))}`,
        "--channels",
        `${channels}`,
      ],
      ...["--seq-len", `${seqLen}`, "--batch-size", `${batchSize}`, "--total-batch-tokens", `${batchTokens}`],
      ...[
        "--steps",
        `${Math.ceil(tokens / batchTokens)}`,
        "--optimizer",
        "muon",
        "--lr",
        "0.004",
        "--muon-lr",
        "0.02",
      ],
      ..."--schedule wsd --min-lr 0.0002 --warmup 40 --weight-decay 0.01 --grad-clip 0 --checkpoint-every 500"
        .split(" "),
    ],
    sft: [
      ..."--template nanochat --pack best-fit --optimizer muon --lr 0.0032 --muon-lr 0.016".split(" "),
      ...[
        "--batch-size",
        `${batchSize}`,
        "--grad-accum",
        `${Math.max(1, batchTokens / 2 / (batchSize * seqLen))}`,
      ],
      ...["--seq-len", `${seqLen}`, ..."--steps 800 --checkpoint-every 200".split(" ")],
    ],
    rl: [
      ..."--algorithm dr-grpo --scale-rewards none --optimizer muon --lr 0.0002 --muon-lr 0.001".split(" "),
      ..."--group 16 --batch-size 16 --grad-accum 16 --seq-len 512 --max-tokens 256 --steps 467".split(" "),
      ..."--checkpoint-every 60 --check-every 60 --check-items 400".split(" "),
    ],
  };
}

const presets: Readonly<Record<string, { readonly about: string; readonly words: PhaseWords }>> = {
  "little-world": { about: "the little world: some minutes on two CPU cores", words: littleWorld },
  "nanochat-d6": {
    about: "nanochat's recipe at depth 6, for --source and --data: hours on a laptop's GPU",
    words: nanochat(6, { seqLen: 512, batchTokens: 2 ** 14, batchSize: 32 }),
  },
  "nanochat-d20": {
    about: "nanochat's speedrun at depth 20, for --source and --data: days on one data-centre GPU",
    words: nanochat(20, { seqLen: 2048, batchTokens: 2 ** 20, batchSize: 16 }),
  },
};

/** The presets as --help lists them; the words are read by `wordsOf`. */
export const assistantPresets: Presets = {
  byName: Object.fromEntries(
    Object.entries(presets).map(([name, { about }]) => [name, { about, options: {} }]),
  ),
  pick: (_machine, isGiven) =>
    isGiven("source")
      ? { name: "nanochat-d6", why: "there is --source" }
      : { name: "little-world", why: "there is no --source" },
};

/** Returns the words of a preset. */
export function wordsOf(preset: string): PhaseWords {
  return presets[preset].words;
}
