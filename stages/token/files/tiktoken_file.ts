/**
 * tiktoken's files: a line "base64 rank" for each ordinary token. The pattern and the special tokens are not in them.
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

/** Whether ranks alone say how a tokenizer merges: no two tokens of the same bytes, each merge found again from them. */
export function fitsTiktoken(tokenizer: BpeTokenizer): boolean {
  const { tokens } = tokenizer;
  if (tokens.reduce((sum, bytes) => sum + cuts(bytes), 0) > MOST_CUTS) return false;
  if (
    new ByteIndex(tokens).size !== tokens.reduce((count, bytes) => count + (bytes === undefined ? 0 : 1), 0)
  ) {
    return false;
  }
  if (tokenizer.byRank) return true;
  let found: BpeTokenizer["merges"];
  try {
    found = new BpeTokenizer({ pattern: tokenizer.pattern, tokens }).merges;
  } catch (error) {
    if (error instanceof TypeError) return false; // a token that is no merge of two
    throw error;
  }
  const { merges } = tokenizer;
  return found.length === merges.length &&
    found.every((merge, i) => merge.every((id, j) => id === merges[i][j]));
}

/** The text of a `.tiktoken` file. Throws TypeError if the format cannot hold the tokenizer. */
export function tiktokenRanks(tokenizer: BpeTokenizer): string {
  if (!fitsTiktoken(tokenizer)) {
    throw new TypeError(
      "Cannot write tiktoken's ranks: they say only which bytes are tokens, and the merges do not follow from " +
        "that: write tokenizer.json",
    );
  }
  return tokenizer.tokens.map((bytes, id) => bytes === undefined ? "" : `${bytes.toBase64()} ${id}\n`).join(
    "",
  );
}

/** What stands beside the ranks. */
export interface TiktokenFile {
  /** For messages. */
  readonly file: string;
  /** Default gpt4. */
  readonly pattern?: Pattern;
  /** Special tokens by text; default none. */
  readonly special?: ReadonlyMap<string, number>;
}

// Every way to cut every token is looked up by its bytes: this bounds the time. cl100k needs 5 million.
const MOST_CUTS = 1 << 29;

function cuts(bytes: Uint8Array | undefined): number {
  return bytes === undefined ? 0 : bytes.length * bytes.length;
}

/** Reads a `.tiktoken` file. Throws SyntaxError with file, line and reason. */
export function parseTiktokenRanks(
  text: string,
  { file, pattern = "gpt4", special }: TiktokenFile,
): BpeTokenizer {
  const tokens: (Uint8Array | undefined)[] = [];
  const lineOf = new Map<string, number>();
  let total = 0;
  text.split("\n").forEach((line, i) => {
    if (line === "") return; // as tiktoken, which passes over empty lines
    const refuse = (why: string, cause?: unknown): SyntaxError =>
      new SyntaxError(`Cannot read ${file}: line ${i + 1}: ${why}`, { cause });
    const match = /^(\S+) (\d{1,7})\r?$/.exec(line);
    if (match === null) {
      throw refuse(`expected a token in base64 and its rank, found ${excerpt(line)}`);
    }
    const rank = Number(match[2]);
    if (rank >= MAX_IDS) throw refuse(`rank ${rank}: expected a whole number below ${MAX_IDS}`);
    if (tokens[rank] !== undefined) throw refuse(`rank ${rank} is taken by another token`);
    const bytes = decoded(match[1], refuse);
    total += cuts(bytes);
    if (total > MOST_CUTS) throw refuse("the tokens are too long: is it a file of ranks");
    const earlier = lineOf.get(match[1]);
    if (earlier !== undefined) throw refuse(`the token ${match[1]} stands in line ${earlier} already`);
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
