/**
 * The stages that train a byte-pair tokenizer on documents and write its folder.
 *
 * @module
 */
import type { Flow } from "../../../stages/flow/flow.ts";
import type { Stage } from "../../../stages/flow/stage.ts";
import type { Document } from "../../../stages/items.ts";
import { countChunks, type CountedGroup } from "../../../stages/token/train/count_chunks.ts";
import { saveTokenizer } from "../../../stages/token/files/folder.ts";
import { BpeTrainer, type ChunkCounts, type TrainBpeOptions } from "../../../stages/token/train/train_bpe.ts";
import { compareCompression } from "./compression.ts";
import { groupTexts } from "./group_texts.ts";
import { referenceTokenizers } from "./reference_tokenizers.ts";

/** Options of `trainTokenizer`. */
export interface TrainTokenizerOptions extends Required<TrainBpeOptions> {
  /** Number of characters after which no further documents are read; if null, all documents are read. */
  readonly maxCharacters: number | null;
  /** Number of threads that count chunks. */
  readonly workers: number;
  /** Path of the tokenizer's folder. */
  readonly dir: string;
}

/** State of the training stage. */
interface TrainingState {
  readonly trainer: BpeTrainer;
  /** The first part of the documents' text; compression is measured on it. */
  excerpt: string;
}

/** The state as a checkpoint holds it. */
type SavedTrainingState = Readonly<{ counted: ChunkCounts; excerpt: string }>;

const measuredCharacters = 200_000; // enough to measure bytes per token with two stable digits

/**
 * Counts chunks on `workers` threads, then trains. The result depends only on the documents and their order.
 * Throws RangeError or SyntaxError at once for impossible options, and RangeError at the end if there
 * was no text.
 */
export function trainTokenizer(options: TrainTokenizerOptions): (documents: Flow<Document>) => Flow<never> {
  const { maxCharacters, workers, dir, ...training } = options;
  checkSpecial(training.special);
  new BpeTrainer(training); // throws for impossible options
  return (documents) =>
    documents
      .pipe(groupTexts({ maxCharacters, excerpt: measuredCharacters }))
      .pipe(countChunks({ pattern: training.pattern, workers }))
      .pipe(trainOnCounts(training, dir));
}

/** Returns a stage that collects chunk counts and trains when it has received all of them. */
export function trainOnCounts(training: Required<TrainBpeOptions>, dir: string): Stage<CountedGroup, never> {
  return {
    name: "learn",
    open(_ctx, saved?: SavedTrainingState): TrainingState {
      const trainer = new BpeTrainer(training);
      if (saved === undefined) return { trainer, excerpt: "" };
      trainer.addCounted(saved.counted);
      return { trainer, excerpt: saved.excerpt };
    },
    push(counted, state: TrainingState) {
      state.trainer.addCounted(counted);
      state.excerpt += counted.excerpt;
      return [];
    },
    async *flush(state: TrainingState, ctx) {
      if (state.excerpt === "") {
        throw new RangeError("Cannot train a tokenizer: the source has no text: check --source");
      }
      ctx.emit({ type: "note", text: `training a vocabulary of ${training.vocabSize} tokens` });
      const { tokenizer, report } = state.trainer.train();
      const compression = compareCompression([{ name: "this", tokenizer }, ...await referenceTokenizers()], {
        label: "source",
        text: state.excerpt,
      });
      await saveTokenizer(tokenizer, { dir, report: { ...report, compression } });
    },
    save: ({ trainer, excerpt }: TrainingState): SavedTrainingState => ({
      counted: trainer.counted(),
      excerpt,
    }),
  };
}

/**
 * Throws RangeError for a special token that is given twice, or that contains a line break, which minbpe's
 * files cannot store.
 */
function checkSpecial(special: readonly string[]): void {
  special.forEach((text, i) => {
    const why = /[\r\n]/.test(text)
      ? "it has a line break"
      : special.indexOf(text) < i
      ? "it is given twice"
      : null;
    if (why !== null) throw new RangeError(`Cannot use --special ${JSON.stringify(text)}: ${why}`);
  });
}
