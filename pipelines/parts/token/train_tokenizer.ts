/**
 * The stages that learn a vocabulary from documents and write its folder.
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

/** What to learn, and where to. */
export interface TrainTokenizerOptions extends Required<TrainBpeOptions> {
  /** The first documents that have so many characters together; null: all. */
  readonly maxCharacters: number | null;
  /** Threads that count. */
  readonly workers: number;
  /** The tokenizer's folder. */
  readonly dir: string;
}

/** Counts so far. */
interface Learning {
  readonly trainer: BpeTrainer;
  /** Beginning of the documents, to measure compression on. */
  excerpt: string;
}

/** The same as data. */
type SavedLearning = Readonly<{ counted: ChunkCounts; excerpt: string }>;

const measured = 200_000; // characters: bytes a token are steady to two digits by then

/**
 * Counts chunks on the run's threads, then learns: the same vocabulary for the same documents in the same order. Throws
 * RangeError or SyntaxError at once for what cannot be learned, and RangeError at the end where there was no text.
 */
export function trainTokenizer(options: TrainTokenizerOptions): (documents: Flow<Document>) => Flow<never> {
  const { maxCharacters, workers, dir, ...training } = options;
  checkSpecial(training.special);
  new BpeTrainer(training); // refuses what cannot be
  return (documents) =>
    documents
      .pipe(groupTexts({ maxCharacters, excerpt: measured }))
      .pipe(countChunks({ pattern: training.pattern, workers }))
      .pipe(trainOnCounts(training, dir));
}

/** Learns from counts when all have come. */
export function trainOnCounts(training: Required<TrainBpeOptions>, dir: string): Stage<CountedGroup, never> {
  return {
    name: "learn",
    open(_ctx, saved?: SavedLearning): Learning {
      const trainer = new BpeTrainer(training);
      if (saved === undefined) return { trainer, excerpt: "" };
      trainer.addCounted(saved.counted);
      return { trainer, excerpt: saved.excerpt };
    },
    push(counted, state: Learning) {
      state.trainer.addCounted(counted);
      state.excerpt += counted.excerpt;
      return [];
    },
    async *flush(state: Learning, ctx) {
      if (state.excerpt === "") {
        throw new RangeError("Cannot learn a tokenizer: the source has no text: look at --source");
      }
      ctx.emit({ type: "note", text: `learning ${training.vocabSize} tokens` });
      const { tokenizer, report } = state.trainer.train();
      const compression = compareCompression([{ name: "this", tokenizer }, ...await referenceTokenizers()], {
        label: "source",
        text: state.excerpt,
      });
      await saveTokenizer(tokenizer, { dir, report: { ...report, compression } });
    },
    save: ({ trainer, excerpt }: Learning): SavedLearning => ({ counted: trainer.counted(), excerpt }),
  };
}

/** Refuses texts that no file of a tokenizer could hold, or that would be found everywhere. */
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
