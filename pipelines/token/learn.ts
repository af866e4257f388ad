/**
 * The stage that learns a vocabulary from documents and writes its folder.
 *
 * @module
 */
import type { Stage } from "../../stages/flow/stage.ts";
import type { Document } from "../../stages/items.ts";
import { saveTokenizer } from "../../stages/token/folder.ts";
import { BpeTrainer, type ChunkCounts, type TrainBpeOptions } from "../../stages/token/train_bpe.ts";
import { compare } from "./compression.ts";
import { publishedTokenizers } from "./published.ts";

/** What to learn, and where to. */
export interface LearnOptions extends Required<TrainBpeOptions> {
  /** The first documents that have so many characters together; null: all. */
  readonly maxCharacters: number | null;
  /** The tokenizer's folder. */
  readonly dir: string;
}

/** Counts so far. */
interface Learning {
  readonly trainer: BpeTrainer;
  characters: number;
  /** Beginning of the documents, to measure compression on. */
  excerpt: string;
}

/** The same as data. */
type SavedLearning = Readonly<{ counted: ChunkCounts; characters: number; excerpt: string }>;

const measured = 200_000; // characters: bytes a token are steady to two digits by then

/**
 * Counts chunks, then learns: the same vocabulary for the same documents in the same order. Throws RangeError or
 * SyntaxError at once for what cannot be learned, and RangeError at the end where there was no text.
 */
export function learn(options: LearnOptions): Stage<Document, never> {
  const { maxCharacters, dir, ...training } = options;
  checkSpecial(training.special);
  new BpeTrainer(training); // refuses what cannot be
  return {
    name: "learn",
    open(_ctx, saved?: SavedLearning): Learning {
      const trainer = new BpeTrainer(training);
      if (saved === undefined) return { trainer, characters: 0, excerpt: "" };
      trainer.addCounted(saved.counted);
      return { trainer, characters: saved.characters, excerpt: saved.excerpt };
    },
    push(doc, state: Learning) {
      state.trainer.add(doc.text);
      state.characters += doc.text.length;
      if (state.excerpt.length < measured) {
        state.excerpt += doc.text.slice(0, measured - state.excerpt.length);
      }
      return [];
    },
    done: (state: Learning) => maxCharacters !== null && state.characters >= maxCharacters,
    async *flush(state: Learning, ctx) {
      if (state.characters === 0) {
        throw new RangeError("Cannot learn a tokenizer: the source has no text: look at --source");
      }
      ctx.emit({ type: "note", text: `learning ${training.vocabSize} tokens` });
      const { tokenizer, report } = state.trainer.train();
      const compression = compare([{ name: "this", tokenizer }, ...await publishedTokenizers()], {
        label: "source",
        text: state.excerpt,
      });
      await saveTokenizer(tokenizer, { dir, report: { ...report, compression } });
    },
    save: ({ trainer, characters, excerpt }: Learning): SavedLearning => {
      return { counted: trainer.counted(), characters, excerpt };
    },
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
