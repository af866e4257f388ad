/**
 * Documents that several processes can encode: more than the text that the first holds out.
 *
 * @module
 */
import { gzipSync } from "node:zlib";
import { philox } from "../../../kernels/random/philox.ts";

/** Options of `tokenize` that divide these texts into several parts and hold some of them out. */
export const tokenizeOptions: readonly string[] =
  "--tokenizer byte --val-bytes 20000 --part-bytes 300000 --workers 1".split(" ");

/** Writes 3 MB of documents, in a file that is divided and one that is not. Returns their glob. */
export async function writeTexts(dir: string): Promise<string> {
  const line = (i: number) => {
    const words = Array.from({ length: 25 }, (_, k) => philox(1, `text ${i}`, k)[0].toString(36));
    return `${JSON.stringify({ id: `${i}`, text: `${i} ${words.join(" ")}` })}\n`;
  };
  const lines = Array.from({ length: 15_000 }, (_, i) => line(i));
  await Deno.writeTextFile(`${dir}/a.jsonl`, lines.slice(0, 11_000).join(""));
  await Deno.writeFile(`${dir}/b.jsonl.gz`, gzipSync(lines.slice(11_000).join("")));
  return `${dir}/*.jsonl*`;
}
