/**
 * `--tokenizer`: a published one, one from a folder, or one learned from a sample of what the run reads.
 *
 * @module
 */
import type { Flow } from "../../stages/flow/flow.ts";
import type { Document } from "../../stages/items.ts";
import { CharTokenizer } from "../../stages/token/char.ts";
import { readTokenizer, saveTokenizer } from "../../stages/token/files/folder.ts";
import { loadTokenizer } from "../../stages/token/load_tokenizer.ts";
import type { Tokenizer } from "../../stages/token/tokenizer.ts";
import { BpeTrainer } from "../../stages/token/train/train_bpe.ts";
import { tokenizerOptions } from "./options/tokenizer_options.ts";
import type { Env, Values } from "../cli/pipeline.ts";
import { exists } from "../../stages/disk/whole_files.ts";

/** The values that it needs. */
export type TokenizerValues = Values<typeof tokenizerOptions>;

const SAMPLE_PER_TOKEN = 1000; // characters of sample for each token to be learned: counts are steady by then
const MOST_SAMPLE = 100_000_000; // characters

/** Characters of text that learning a vocabulary of this size looks at. */
export function sampleCharacters(vocabSize: number): number {
  return Math.min(MOST_SAMPLE, SAMPLE_PER_TOKEN * vocabSize);
}

/**
 * The tokenizer of the options, kept in `<out>/tokenizer`. A learned one (`train`, `char`) is learned from the first
 * documents of `documents` and taken from there when the run goes on. Throws RangeError where there is no text.
 */
export async function tokenizerFor(
  o: TokenizerValues,
  { documents, env }: { readonly documents: Flow<Document>; readonly env: Env },
): Promise<Tokenizer> {
  if (o.tokenizer !== "train" && o.tokenizer !== "char") {
    const tokenizer = await loadTokenizer(o.tokenizer);
    await keepTokenizer(tokenizer, env);
    return tokenizer;
  }
  const recipe = o.tokenizer === "char" ? { kind: "char" } : {
    kind: "bpe",
    wanted: o.vocabSize,
    pattern: o.pattern,
    special: [...o.special],
    tieBreak: o.tieBreak,
    seed: env.seed,
  };
  const dir = `${env.out}/tokenizer`;
  // What a run left that never came to a checkpoint may have been learned from another source.
  if (env.resumed && await sameRecipe(dir, recipe)) return await readTokenizer(dir);
  if (env.dry) return await loadTokenizer("byte");

  env.emit({
    type: "note",
    text: `tokenizer: learning ${
      o.tokenizer === "char" ? "characters" : `${o.vocabSize} tokens`
    } from the first documents`,
  });
  const limit = o.tokenizer === "char" ? MOST_SAMPLE : sampleCharacters(o.vocabSize);
  const texts = sampleTexts(documents, { limit, env });
  if (o.tokenizer === "char") {
    const tokenizer = CharTokenizer.fromTexts(await Array.fromAsync(texts));
    await saveTokenizer(tokenizer, { dir, report: { recipe } });
    return tokenizer;
  }
  const trainer = new BpeTrainer({
    vocabSize: o.vocabSize,
    pattern: o.pattern,
    special: o.special,
    tieBreak: o.tieBreak,
  });
  for await (const text of texts) trainer.add(text);
  const { tokenizer, report } = trainer.train();
  await saveTokenizer(tokenizer, { dir, report: { ...report, recipe } });
  env.emit({
    type: "note",
    text: `tokenizer: ${tokenizer.vocabSize} tokens from ${report.texts} documents, ${
      report.bytesPerToken.toFixed(2)
    } bytes a token`,
  });
  return tokenizer;
}

/** Keeps a tokenizer that was not learned here in the run's folder, so that the run can be sampled from. */
export async function keepTokenizer(tokenizer: Tokenizer, env: Env): Promise<void> {
  if (!env.dry && !env.resumed) await saveTokenizer(tokenizer, { dir: `${env.out}/tokenizer` });
}

/** Throws RangeError where a tokenizer is to be learned from what can be read only once. */
export function checkRereadable(o: TokenizerValues & { readonly source: readonly string[] }): void {
  if (!o.source.includes("-") || o.tokenizer !== "train" && o.tokenizer !== "char") return;
  throw new RangeError(
    "Cannot both learn a tokenizer and encode from standard input, which is read only once: " +
      "give --tokenizer gpt2 or a trained one's folder, or put the documents into a file",
  );
}

/** How many tokens the tokenizer of the options has, as far as it can be known before anything is learned. */
export async function vocabSizeOf(o: TokenizerValues): Promise<number> {
  if (o.tokenizer === "train") return o.vocabSize;
  if (o.tokenizer === "char") return 256; // a guess: what is learned may be fewer or more
  return (await loadTokenizer(o.tokenizer)).vocabSize;
}

async function* sampleTexts(
  documents: Flow<Document>,
  { limit, env }: { readonly limit: number; readonly env: Env },
): AsyncGenerator<string> {
  let characters = 0;
  for await (const { text } of documents.stream({ seed: env.seed, signal: env.signal })) {
    yield text;
    characters += text.length;
    if (characters >= limit) break;
  }
  if (characters === 0) {
    throw new RangeError(
      "Cannot learn a tokenizer: no document passed the filters: look at --stages and --source",
    );
  }
}

async function sameRecipe(dir: string, recipe: unknown): Promise<boolean> {
  if (!await exists(`${dir}/report.json`)) return false;
  const report = JSON.parse(await Deno.readTextFile(`${dir}/report.json`));
  return JSON.stringify(report.recipe) === JSON.stringify(recipe);
}
