/**
 * Loads or trains the tokenizer that `--tokenizer` selects: a published one, one from a folder, or one
 * trained on a sample of the source.
 *
 * @module
 */
import { readText } from "../../stages/disk/files.ts";
import { exists } from "../../stages/disk/whole_files.ts";
import { DropTally } from "../../stages/flow/dropped.ts";
import type { RunEvent } from "../../stages/flow/events.ts";
import type { Flow } from "../../stages/flow/flow.ts";
import type { Document } from "../../stages/items.ts";
import { CharTokenizer } from "../../stages/token/char.ts";
import { readTokenizer, saveTokenizer } from "../../stages/token/files/folder.ts";
import { loadTokenizer } from "../../stages/token/load_tokenizer.ts";
import { namesOf } from "../../stages/token/special.ts";
import type { Tokenizer } from "../../stages/token/tokenizer.ts";
import { Vocabulary } from "../../stages/token/vocabulary.ts";
import { isTokenizerName } from "../../stages/token/tokenizer_names.ts";
import { BpeTrainer } from "../../stages/token/train/train_bpe.ts";
import type { Env, Values } from "../cli/pipeline.ts";
import { keepTokenizer, keptTokenizer } from "./resume/kept_tokenizer.ts";
import { nothingLeft } from "./some_documents.ts";
import { tokenizerOptions } from "./options/tokenizer_options.ts";

/** Values of the tokenizer options. */
export type TokenizerValues = Values<typeof tokenizerOptions>;

/** The documents to train a tokenizer on. */
interface SampledDocuments {
  readonly documents: Flow<Document>;
  readonly filtered: boolean;
}

const SAMPLE_PER_TOKEN = 1000; // sample characters per token of the vocabulary: enough for stable counts
const MAX_SAMPLE = 100_000_000; // characters

/** Returns the number of characters to train a vocabulary of this size on. */
export function sampleCharacters(vocabSize: number): number {
  return Math.min(MAX_SAMPLE, SAMPLE_PER_TOKEN * vocabSize);
}

/**
 * Returns the tokenizer that the options select, saved in `<out>/tokenizer`. For `train` and `char`, it is
 * trained on the beginning of `documents`, `train` without those that are held out; a resumed run loads its
 * saved tokenizer. `filtered` says whether `--stages` may have dropped documents. Throws RangeError if there
 * is no text.
 */
export async function tokenizerFor(
  o: TokenizerValues,
  { documents, filtered, env }: SampledDocuments & { readonly env: Env },
): Promise<Tokenizer> {
  if (o.tokenizer !== "train" && o.tokenizer !== "char") {
    const tokenizer = withSeparator(await namedTokenizer(o.tokenizer, env), o.separatorToken);
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
  // A run that has no checkpoint yet may have left a tokenizer that was trained on another source.
  if (env.resumed && await sameRecipe(dir, recipe)) return await readTokenizer(dir);
  if (env.dry) return await loadTokenizer("byte"); // may lack the separator, which only training adds

  env.emit({
    type: "note",
    text: o.tokenizer === "char"
      ? "tokenizer: reading all documents: a token for each character"
      : `tokenizer: training on the first documents: ${o.vocabSize} tokens`,
  });
  // A character that is not in the vocabulary would end the run, so char reads all documents.
  const isChar = o.tokenizer === "char", limit = isChar ? Infinity : sampleCharacters(o.vocabSize);
  const texts = sampleTexts({ documents, filtered }, { limit, heldOut: isChar, env });
  if (o.tokenizer === "char") {
    const characters = new Set<string>();
    for await (const text of texts) for (const one of text.toWellFormed()) characters.add(one);
    const tokenizer = withSeparator(CharTokenizer.fromTexts(characters), o.separatorToken);
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
  withSeparator(tokenizer, o.separatorToken);
  await saveTokenizer(tokenizer, { dir, report: { ...report, recipe } });
  env.emit({
    type: "note",
    text: `tokenizer: ${tokenizer.vocabSize} tokens from ${report.texts} documents, ${
      report.bytesPerToken.toFixed(2)
    } bytes per token`,
  });
  return tokenizer;
}

/**
 * Separates documents by the token that `--separator-token` names, if it names one. Throws RangeError if the
 * tokenizer has no such token.
 */
function withSeparator(tokenizer: Tokenizer, name: string | null): Tokenizer {
  if (name === null || !(tokenizer instanceof Vocabulary)) return tokenizer;
  const id = tokenizer.special.get(name);
  if (id === undefined) {
    throw new RangeError(
      `Cannot separate documents by --separator-token ${
        JSON.stringify(name)
      }: it is not one of the tokenizer's ` +
        `special tokens [${namesOf(tokenizer.special)}]`,
    );
  }
  const { eos } = tokenizer.roles;
  tokenizer.roles = { ...tokenizer.roles, eos: [id, ...eos.filter((other) => other !== id)] };
  return tokenizer;
}

/** Returns the tokenizer of a name or path. A resumed run has a copy, so the path may be gone. */
async function namedTokenizer(name: string, env: Pick<Env, "resumed" | "out">): Promise<Tokenizer> {
  if (isTokenizerName(name)) return await loadTokenizer(name);
  const given = await exists(name) ? await loadTokenizer(name) : null;
  return await keptTokenizer(given, { env, where: name }) ?? await loadTokenizer(name);
}

/** Throws RangeError if a tokenizer would be trained on a source that can be read only once. */
export function checkRereadable(o: TokenizerValues & { readonly source: readonly string[] }): void {
  if (!o.source.some((uri) => /^-(\*|$)/.test(uri)) || o.tokenizer !== "train" && o.tokenizer !== "char") {
    return;
  }
  throw new RangeError(
    "Cannot both train a tokenizer on standard input and encode it, because it can be read only once: " +
      "give --tokenizer gpt2 or the folder of a trained tokenizer, or put the documents into a file",
  );
}

/** Returns the vocabulary size of the tokenizer that the options select; it need not be trained yet. */
export async function vocabSizeOf(
  o: TokenizerValues,
  env: Pick<Env, "resumed" | "out">,
): Promise<number> {
  if (o.tokenizer === "train") return o.vocabSize;
  if (o.tokenizer === "char") return 256; // an estimate: the text may have fewer or more characters
  return (await namedTokenizer(o.tokenizer, env)).vocabSize;
}

/** The texts of training documents, and with `heldOut` also of the held-out ones. */
async function* sampleTexts(
  { documents, filtered }: SampledDocuments,
  { limit, heldOut, env }: { readonly limit: number; readonly heldOut: boolean; readonly env: Env },
): AsyncGenerator<string> {
  let characters = 0, held = 0;
  const drops = new DropTally(), onEvent = (event: RunEvent): void => drops.take(event);
  for await (const doc of documents.stream({ seed: env.seed, signal: env.signal, onEvent })) {
    if (doc.heldOut !== undefined) held += doc.text.length;
    if (doc.heldOut !== undefined && !heldOut) continue;
    yield doc.text;
    characters += doc.text.length;
    if (characters >= limit) break;
  }
  if (characters > 0) return;
  if (held > 0) {
    throw new RangeError(
      `Cannot train a tokenizer: all of the text (${held} characters) is held out for validation: give more text`,
    );
  }
  throw drops.explain(nothingLeft("train a tokenizer", { filtered }));
}

async function sameRecipe(dir: string, recipe: unknown): Promise<boolean> {
  if (!await exists(`${dir}/report.json`)) return false;
  const report = JSON.parse(await readText(`${dir}/report.json`));
  return JSON.stringify(report.recipe) === JSON.stringify(recipe);
}
