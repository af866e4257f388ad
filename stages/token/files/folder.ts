/**
 * Saves a tokenizer to a folder, and reads one from a folder or file. A byte-pair tokenizer's folder holds
 * `tokenizer.json`, `tokenizer.model`, `tokenizer.vocab`, `vocab.json`, `merges.txt`, `tokenizer.tiktoken`
 * and `report.json`; a character tokenizer's folder holds `tokenizer.json`, `meta.json` and
 * `report.json`; that of a ComposedTokenizer `tokenizer.json` and `report.json`. If tokens begin or end texts
 * by the tokenizer's own files, `tokenizer_config.json` and `generation_config.json` name them.
 *
 * @module
 */
import { dirname } from "node:path";
import { disk } from "../../disk/disk.ts";
import { characterJson, fitsCharacterJson } from "./character_json.ts";
import { syncFolder } from "../../disk/folder_sync.ts";
import { BpeTokenizer } from "../bpe.ts";
import { CharTokenizer, parseCharMeta } from "../char.ts";
import { ComposedTokenizer } from "../composed/composed_tokenizer.ts";
import { fitsVocabulary, gpt2Merges, gpt2Vocab, parseGpt2Files } from "./gpt2_files.ts";
import { huggingFaceJson, parseHuggingFaceJson } from "./hugging_face.ts";
import { fitsMinbpe, minbpeModel, minbpeVocab, parseMinbpeModel, whyNotMinbpe } from "./minbpe_files.ts";
import { parseLlama2cTokenizer } from "./llama2c_tokenizer.ts";
import { parseNanoGptMeta } from "./nanogpt_meta.ts";
import { openAiPatterns, openAiSpecialTokens, vocabularyOfFile } from "./openai_vocabularies.ts";
import { withoutAliases } from "../special.ts";
import { fitsTiktoken, parseTiktokenRanks, tiktokenRanks } from "./tiktoken_file.ts";
import type { Tokenizer } from "../tokenizer.ts";
import { tokenizerNames } from "../tokenizer_names.ts";
import { Vocabulary } from "../vocabulary.ts";
import { isGguf } from "../../format/model/gguf/header.ts";
import { readGgufTokenizer } from "../gguf/gguf_tokenizer.ts";
import { readChatTemplate, readRoles, roleFileNames, roleFiles } from "./role_files.ts";
import { exists, readIfThere, removeIfThere, writeSynced } from "../../disk/whole_files.ts";
import { fileInfo, makeFolder, readBytes, readText } from "../../disk/files.ts";

/** Names of the files of a tokenizer's folder, in the order in which they are tried when it is read. */
const fileNames = [
  "tokenizer.json",
  "meta.json",
  "tokenizer.model",
  "tokenizer.vocab",
  "vocab.json",
  "merges.txt",
  "tokenizer.tiktoken",
  "report.json",
];

/** Names of files of other programs, which are read but never written or removed. */
const foreignNames = ["meta.pkl"];

/** Options of `saveTokenizer`. */
export interface SaveTokenizerOptions {
  /** Path of the folder. Files in it that do not belong to a tokenizer are left unchanged. */
  readonly dir: string;
  /** Facts about the training, which are written to report.json in addition to `vocabSize`. */
  readonly report?: Readonly<Record<string, unknown>>;
}

/**
 * Writes a tokenizer's folder. The files are first written and synced in a temporary folder beside it, then
 * renamed, so no file is ever incomplete, and even after a power cut `readTokenizer` reads the old or the new
 * tokenizer. A format that cannot hold the tokenizer is left out, and report.json says why under `leftOut`:
 * for example, minbpe's format cannot hold GPT-2's and GPT-4's tokenizers, because their ids 0 to 255 are not
 * the bytes in order. Throws TypeError for a tokenizer that is neither a BpeTokenizer nor a CharTokenizer, or
 * if no format can hold the tokenizer.
 *
 * @example
 * ```ts
 * import { loadTokenizer, saveTokenizer, trainBpe } from "@stagewise/gpt";
 *
 * const { tokenizer } = await trainBpe(["we the people, the people"], { vocabSize: 260 });
 * const dir = `${await Deno.makeTempDir()}/tokenizer`;
 * await saveTokenizer(tokenizer, { dir });
 * console.log((await loadTokenizer(dir)).vocabSize); // 260
 * ```
 */
export async function saveTokenizer(tokenizer: Tokenizer, options: SaveTokenizerOptions): Promise<void> {
  const files = filesOf(tokenizer);
  if (tokenizer instanceof Vocabulary) roleFiles(tokenizer).forEach((text, name) => files.set(name, text));
  const leftOut = formatsLeftOut(tokenizer, files);
  files.set(
    "report.json",
    JSON.stringify(
      {
        vocabSize: tokenizer.vocabSize,
        ...(Object.keys(leftOut).length > 0 && { leftOut }),
        ...options.report,
      },
      null,
      2,
    ) + "\n",
  );
  const { dir } = options;
  const fresh = `${dir.replace(/[\\/]+$/, "")}.writing`;
  await removeIfThere(fresh);
  await makeFolder(fresh);
  for (const [name, text] of files) await writeSynced(`${fresh}/${name}`, text);
  await syncFolder(fresh);
  if (!(await exists(dir))) {
    await disk.rename(fresh, dir);
    return await syncFolder(dirname(fresh));
  }
  // In reverse, so that until the file that is read first is there, the old tokenizer is read.
  for (const name of [...files.keys()].reverse()) await disk.rename(`${fresh}/${name}`, `${dir}/${name}`);
  await syncFolder(dir); // only then may the old tokenizer's other files go
  for (const name of [...fileNames, ...roleFileNames]) {
    if (!files.has(name)) await removeIfThere(`${dir}/${name}`);
  }
  await syncFolder(dir);
  await removeIfThere(fresh);
}

/**
 * Returns whether a tokenizer is the one in a folder that `saveTokenizer` wrote. Throws the errors of
 * `readTokenizer` for the folder.
 */
export async function isSavedTokenizer(tokenizer: Tokenizer, dir: string): Promise<boolean> {
  const files = [...filesOf(tokenizer)];
  const written = await Promise.all(files.map(([name]) => readIfThere(`${dir}/${name}`)));
  if (files.every(([, text], i) => written[i] === text)) return true;
  // An earlier version may have written the same tokenizer in other words.
  const saved = filesOf(await readTokenizer(dir));
  return saved.size === files.length && files.every(([name, text]) => saved.get(name) === text);
}

/**
 * Reads a tokenizer from a folder or a file. In a folder, the first of these that exists is read:
 * `tokenizer.json`, `meta.json`, `tokenizer.model`, `vocab.json` with `merges.txt`, `tokenizer.tiktoken`,
 * nanoGPT's `meta.pkl`. A `.tiktoken` file that has the name of one of OpenAI's files, such as
 * `cl100k_base.tiktoken`, is read with the pattern and the special tokens of that vocabulary; any other
 * `.tiktoken` file is read with GPT-4's pattern and no special tokens. Which tokens begin and end texts is
 * read from tokenizer_config.json, special_tokens_map.json, generation_config.json and config.json in the
 * same folder, and the chat template from chat_template.jinja or tokenizer_config.json. A GGUF file contains
 * all of this; a `.bin` file is a tokenizer.bin of llama2.c. Throws Deno.errors.NotFound if there is no such
 * file, and SyntaxError with file, line and reason if the file is malformed.
 */
export async function readTokenizer(path: string): Promise<Vocabulary> {
  const { isFile } = await fileInfo(path).catch((cause) => {
    if (!(cause instanceof Deno.errors.NotFound)) throw cause;
    throw new Deno.errors.NotFound(
      `Cannot load the tokenizer ${path}: no such folder or file: expected ${
        tokenizerNames.join(", ")
      } or a path`,
      { cause },
    );
  });
  if (isFile && await isGguf(path)) return await readGgufTokenizer(path);
  if (isFile && path.endsWith(".bin")) return parseLlama2cTokenizer(await readSmallBytes(path), path);
  const folder = isFile ? path.replace(/[^\\/]*$/, "") || "." : path;
  for (const name of isFile ? [path.slice(path.search(/[^\\/]*$/))] : [...fileNames, ...foreignNames]) {
    const file = isFile ? path : `${path}/${name}`;
    if (!(await exists(file))) continue;
    const tokenizer = await readFormat(file, { name, folder });
    if (tokenizer === null) continue;
    tokenizer.roles = await readRoles(folder, tokenizer);
    tokenizer.chatTemplate = await readChatTemplate(folder);
    return tokenizer;
  }
  throw new Deno.errors.NotFound(
    `Cannot load the tokenizer ${path}: expected tokenizer.json, meta.json, a .model or .tiktoken file, or vocab.json and merges.txt`,
  );
}

/** Reads a file by its name, or returns null for a file that holds no tokenizer. */
async function readFormat(
  file: string,
  { name, folder }: { readonly name: string; readonly folder: string },
): Promise<BpeTokenizer | CharTokenizer | ComposedTokenizer | null> {
  if (name === "vocab.json" || name === "merges.txt") return await readGpt2(folder);
  if (name.endsWith(".tiktoken")) return await readTiktoken(file, name);
  if (name === "meta.json") return parseCharMeta(await readSmallText(file), file);
  if (name.endsWith(".pkl")) return parseNanoGptMeta(await readSmallBytes(file), file);
  if (name.endsWith(".model")) return parseMinbpeModel(await readSmallText(file), file);
  if (name.endsWith(".json") && name !== "report.json") {
    return parseHuggingFaceJson(await readSmallText(file), file);
  }
  return null;
}

async function readTiktoken(file: string, name: string): Promise<BpeTokenizer> {
  const known = vocabularyOfFile(name);
  return parseTiktokenRanks(await readSmallText(file), {
    file,
    ...(known !== null && { pattern: openAiPatterns[known], special: await openAiSpecialTokens(known) }),
  });
}

async function readGpt2(folder: string): Promise<BpeTokenizer> {
  const [vocab, merges] = await Promise.all(["vocab.json", "merges.txt"].map((name) => {
    return readSmallText(`${folder}/${name}`);
  }));
  return parseGpt2Files({ vocab, merges, folder });
}

const largestFile = 1 << 26; // bytes; the files of the largest published tokenizers are half as large

async function readSmallText(path: string): Promise<string> {
  await checkSize(path);
  return await readText(path);
}

async function readSmallBytes(path: string): Promise<Uint8Array<ArrayBuffer>> {
  await checkSize(path);
  return await readBytes(path);
}

async function checkSize(path: string): Promise<void> {
  const { size } = await fileInfo(path);
  if (size > largestFile) {
    throw new SyntaxError(
      `Cannot read ${path}: it has ${size} bytes, but a tokenizer's file has at most ${largestFile}`,
    );
  }
}

function filesOf(tokenizer: Tokenizer): Map<string, string> {
  // Only tokenizer.json can hold it.
  if (tokenizer instanceof ComposedTokenizer) return new Map([["tokenizer.json", tokenizer.json]]);
  if (tokenizer instanceof CharTokenizer) {
    const meta = new Map([["meta.json", JSON.stringify(tokenizer) + "\n"]]);
    return fitsCharacterJson(tokenizer) ? meta.set("tokenizer.json", characterJson(tokenizer)) : meta;
  }
  if (!(tokenizer instanceof BpeTokenizer)) {
    throw new TypeError("Cannot save this tokenizer: expected one that was trained or read from a file");
  }
  const files = new Map<string, string>();
  if (fitsVocabulary(tokenizer)) {
    files.set("tokenizer.json", huggingFaceJson(tokenizer));
    // The two files hold no pattern: whoever reads them takes GPT-2's.
    if (tokenizer.pattern === "gpt2") {
      files.set("vocab.json", gpt2Vocab(tokenizer)).set("merges.txt", gpt2Merges(tokenizer));
    }
  }
  if (fitsMinbpe(tokenizer)) {
    files.set("tokenizer.model", minbpeModel(tokenizer)).set("tokenizer.vocab", minbpeVocab(tokenizer));
  }
  if (fitsTiktoken(tokenizer)) files.set("tokenizer.tiktoken", tiktokenRanks(tokenizer));
  if (files.size > 0) return files;
  throw new TypeError(
    "Cannot save this tokenizer: no file format can hold it: give its special tokens other texts",
  );
}

/** Returns why formats are missing among the files of a tokenizer, keyed by file name. */
function formatsLeftOut(tokenizer: Tokenizer, files: ReadonlyMap<string, string>): Record<string, string> {
  if (tokenizer instanceof ComposedTokenizer) return {}; // its file was read, not made
  const reasons = tokenizer instanceof CharTokenizer
    ? { "tokenizer.json": "a special token has the text of a character" }
    : tokenizer instanceof BpeTokenizer
    ? {
      "tokenizer.json": "a special token has the text of an ordinary token",
      "vocab.json": fitsVocabulary(tokenizer)
        ? "the format has no place for a pattern other than GPT-2's"
        : "a special token has the text of an ordinary token",
      ...aliasesLeftOut(tokenizer),
      "tokenizer.model": whyNotMinbpe(tokenizer) ?? "",
      "tokenizer.tiktoken": "the merges do not follow from the tokens' bytes and ranks",
    }
    : {};
  return Object.fromEntries(Object.entries(reasons).filter(([name]) => !files.has(name)));
}

/** Says which special tokens no file holds, because another one has their id. */
function aliasesLeftOut({ special }: BpeTokenizer): Record<string, string> {
  const kept = withoutAliases(special), aliases = [...special].filter(([text]) => !kept.has(text));
  return Object.fromEntries(aliases.map(([text, id]) => [text, `another special token has its id ${id}`]));
}
