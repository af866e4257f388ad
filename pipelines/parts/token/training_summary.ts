/**
 * The summary of a tokenizer's training for a terminal.
 *
 * @module
 */
import { count } from "../../../stages/report/quantity.ts";
import { readText } from "../../../stages/disk/files.ts";

/**
 * Returns the summary's line, from report.json in a tokenizer's folder. Throws Deno.errors.NotFound if the
 * file is missing.
 */
export async function trainingSummary(dir: string): Promise<string> {
  const report = JSON.parse(await readText(`${dir}/report.json`));
  const { vocabSize, merges, special, texts, bytes, differentChunks, bytesPerToken } = report;
  return `Trained ${count(vocabSize)} tokens (256 bytes, ${
    count(merges)
  } merges, ${special.length} special) ` +
    `on ${count(texts)} documents, ${count(bytes)} bytes, ${count(differentChunks)} distinct chunks: ` +
    `${bytesPerToken.toFixed(2)} bytes per token`;
}
