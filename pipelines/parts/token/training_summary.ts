/**
 * What a learned vocabulary comes to, as lines for a terminal.
 *
 * @module
 */
import { count } from "../../../stages/report/quantity.ts";
import { compressionLines } from "./compression.ts";

/** Reads report.json of a tokenizer's folder. Throws Deno.errors.NotFound where there is none. */
export async function trainingSummary(dir: string): Promise<string[]> {
  const report = JSON.parse(await Deno.readTextFile(`${dir}/report.json`));
  const { vocabSize, merges, special, texts, bytes, differentChunks, bytesPerToken, compression } = report;
  return [
    `Learned ${count(vocabSize)} tokens (256 bytes, ${
      count(merges)
    } merges, ${special.length} special) from ` +
    `${count(texts)} documents, ${count(bytes)} bytes, ${count(differentChunks)} different chunks: ` +
    `${bytesPerToken.toFixed(2)} bytes a token`,
    "",
    ...compressionLines(compression),
  ];
}
