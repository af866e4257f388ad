/**
 * tiktoken's files: a line `BASE64 RANK` for each ordinary token. The files hold neither the pattern nor the
 * special tokens.
 *
 * Source: openai/tiktoken load.py.
 *
 * @module
 */
import { excerpt } from "../../format/text/excerpt.ts";
import { BpeTokenizer } from "../bpe.ts";
import { ByteIndex } from "../byte_index.ts";
import { checkedTokenizer, MAX_IDS } from "./gpt2_files.ts";
import type { Pattern } from "../split/patterns.ts";

/**
 * Returns whether tiktoken's format can hold a tokenizer: no two tokens have the same bytes, and its merges
 * can be recovered from the tokens' ranks.
 */
export function fitsTiktoken(tokenizer: BpeTokenizer): boolean {
  const { tokens } = tokenizer;
  if (tokens.reduce((sum, bytes) => sum + splitWork(bytes), 0) > mostWork) return false;
  if (
    new ByteIndex(tokens).size !== tokens.reduce((count, bytes) => count + (bytes === undefined ? 0 : 1), 0)
  ) {
    return false;
  }
  if (tokenizer.byRank) return true;
  let recovered: BpeTokenizer["merges"];
  try {
    recovered = new BpeTokenizer({ pattern: tokenizer.pattern, tokens }).merges;
  } catch (error) {
    if (error instanceof TypeError) return false; // a token does not result from merging two others
    throw error;
  }
  const { merges } = tokenizer;
  return recovered.length === merges.length &&
    recovered.every((merge, i) => merge.every((id, j) => id === merges[i][j]));
}

/** Returns the content of a `.tiktoken` file. Throws TypeError if the format cannot hold the tokenizer. */
export function tiktokenRanks(tokenizer: BpeTokenizer): string {
  if (!fitsTiktoken(tokenizer)) {
    throw new TypeError(
      "Cannot write a tiktoken file: it holds only the tokens' bytes and ranks, and this tokenizer's merges do " +
        "not follow from them: write tokenizer.json instead",
    );
  }
  return tokenizer.tokens.map((bytes, id) => bytes === undefined ? "" : `${bytes.toBase64()} ${id}\n`).join(
    "",
  );
}

/** Facts about a `.tiktoken` file that the file itself does not contain. */
export interface TiktokenFile {
  /** Path of the file, for error messages. */
  readonly file: string;
  /** Pattern that splits text into chunks (default gpt4). */
  readonly pattern?: Pattern;
  /** Ids of the special tokens, keyed by text (default: none). */
  readonly special?: ReadonlyMap<string, number>;
}

const mostWork = 1 << 29; // limit of `splitWork`, summed over all tokens; cl100k needs 5 million

/**
 * Returns the upper bound of the number of bytes that are compared when all splits of a token are looked up.
 */
function splitWork(bytes: Uint8Array | undefined): number {
  return bytes === undefined ? 0 : bytes.length * bytes.length;
}

/** Reads a `.tiktoken` file. Throws SyntaxError, which names the file, the line and the reason. */
export function parseTiktokenRanks(
  text: string,
  { file, pattern = "gpt4", special }: TiktokenFile,
): BpeTokenizer {
  const tokens: (Uint8Array | undefined)[] = [];
  const lineOf = new Map<string, number>();
  let total = 0;
  text.split("\n").forEach((line, i) => {
    if (line === "") return; // tiktoken skips empty lines too
    const refuse = (why: string, cause?: unknown): SyntaxError =>
      new SyntaxError(`Cannot read ${file}: line ${i + 1}: ${why}`, { cause });
    const match = /^(\S+) (\d{1,7})\r?$/.exec(line);
    if (match === null) {
      throw refuse(`expected a token in base64 and its rank, found ${excerpt(line)}`);
    }
    const rank = Number(match[2]);
    if (rank >= MAX_IDS) throw refuse(`rank ${rank}: expected a whole number below ${MAX_IDS}`);
    if (tokens[rank] !== undefined) throw refuse(`another token has rank ${rank}`);
    const bytes = decoded(match[1], refuse);
    total += splitWork(bytes);
    if (total > mostWork) throw refuse("the tokens are too long for a vocabulary: expected a tiktoken file");
    const earlier = lineOf.get(match[1]);
    if (earlier !== undefined) throw refuse(`the token ${match[1]} is already in line ${earlier}`);
    lineOf.set(match[1], i + 1);
    tokens[rank] = bytes;
  });
  return checkedTokenizer(
    { pattern, tokens: Array.from(tokens), ...(special !== undefined && { special }) },
    file,
  );
}

function decoded(base64: string, refuse: (why: string, cause?: unknown) => SyntaxError): Uint8Array {
  try {
    return Uint8Array.fromBase64(base64, { lastChunkHandling: "strict" });
  } catch (cause) {
    throw refuse(`${excerpt(base64)} is not base64`, cause);
  }
}
