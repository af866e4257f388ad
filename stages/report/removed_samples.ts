/**
 * A few dropped documents for each stage and reason, so that a person can judge a filter by what it removes.
 *
 * @module
 */
import { createHash } from "node:crypto";
import { createReadStream } from "node:fs";
import { createGunzip } from "node:zlib";
import { entriesInSync } from "../disk/files.ts";

/** One dropped document with the beginning of its text. */
export interface RemovedSample {
  /** Name of the stage that dropped the document. */
  readonly stage: string;
  /** Reason that the stage gave. */
  readonly reason: string;
  /** Id of the document. */
  readonly id: string;
  /** Address of the document, if it has one. */
  readonly url?: string;
  /** Beginning of its text. */
  readonly text: string;
  /** Length of the whole text in UTF-16 units. */
  readonly length: number;
}

const perReason = 4; // samples for each stage and reason
const mostText = 800; // UTF-16 units of a sample: enough to see what kind of text it is
const mostRead = 64 * 2 ** 20; // UTF-16 units read per stage: a report must not take as long as the run

/**
 * Reads samples from `<dir>/<stage>/*.jsonl.gz`, which `writeRemoved` writes; empty if the folder does not
 * exist. From the first 64 Mi characters of each stage it takes, for each reason, the documents whose ids
 * have the smallest hashes: a pseudorandom choice that is the same each time. A truncated file is read as far
 * as it goes.
 */
export async function removedSamples(dir: string): Promise<RemovedSample[]> {
  const samples: RemovedSample[] = [];
  for (const stage of namesIn(dir, (entry) => entry.isDirectory)) {
    const chosen = new Map<string, { readonly rank: string; readonly sample: RemovedSample }[]>();
    for await (const row of rows(`${dir}/${stage}`)) {
      const { id, text, reason, url } = row;
      if (typeof id !== "string" || typeof text !== "string" || typeof reason !== "string") continue;
      const rank = createHash("sha1").update(id).digest("hex");
      const best = chosen.get(reason) ?? [];
      if (best.length === perReason && rank >= best[perReason - 1].rank) continue;
      const sample = {
        stage,
        reason,
        id,
        ...(typeof url === "string" && url !== "" && { url }),
        text: text.slice(0, mostText),
        length: text.length,
      };
      best.push({ rank, sample });
      best.sort((a, b) => a.rank < b.rank ? -1 : 1).splice(perReason);
      chosen.set(reason, best);
    }
    for (const [, best] of [...chosen].sort(([a], [b]) => a < b ? -1 : 1)) {
      samples.push(...best.map(({ sample }) => sample));
    }
  }
  return samples;
}

async function* rows(dir: string): AsyncGenerator<Readonly<Record<string, unknown>>> {
  let left = mostRead;
  for (const name of namesIn(dir, (entry) => entry.isFile && entry.name.endsWith(".jsonl.gz"))) {
    const file = createReadStream(`${dir}/${name}`);
    const text = file.pipe(createGunzip()).setEncoding("utf8"); // reads all gzip members of the file
    file.once("error", (error) => text.destroy(error));
    let rest = "";
    try {
      for await (const part of text) {
        const lines = (rest + part).split("\n");
        rest = lines.pop() ?? "";
        left -= part.length;
        for (const line of lines) yield JSON.parse(line);
        if (left < 0) return;
      }
    } catch (error) {
      if (!(error instanceof SyntaxError || isZlib(error))) throw error; // the file is truncated
    } finally {
      file.destroy();
    }
  }
}

function isZlib(error: unknown): boolean {
  return error instanceof Error && "code" in error && `${error.code}`.startsWith("Z_");
}

function namesIn(dir: string, wanted: (entry: Deno.DirEntry) => boolean): string[] {
  try {
    return entriesInSync(dir).filter(wanted).map(({ name }) => name).sort();
  } catch (error) {
    if (error instanceof Deno.errors.NotFound) return [];
    throw error;
  }
}
