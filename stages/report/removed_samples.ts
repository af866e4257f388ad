/**
 * A few dropped documents for each stage and reason, so that a person can judge a rule by what it takes away.
 *
 * @module
 */
import { createHash } from "node:crypto";
import { createReadStream } from "node:fs";
import { createGunzip } from "node:zlib";

/** One dropped document, its text cut short. */
export interface RemovedSample {
  readonly stage: string;
  readonly reason: string;
  readonly id: string;
  readonly url?: string;
  readonly text: string;
  /** UTF-16 units of the whole text. */
  readonly length: number;
}

const perReason = 4;
const mostText = 800; // UTF-16 units of a text: enough to see what it is
const mostRead = 64 * 2 ** 20; // characters read of a stage's documents: a report must not take as long as the run

/**
 * Samples from `<dir>/<stage>/*.jsonl.gz` as `writeRemoved` leaves them: of the first 64 Mi characters of a stage, for
 * each reason the documents whose identifiers have the least hashes, so always the same ones, from anywhere among them.
 * Empty where there is no such folder. A file that is cut short counts as far as it goes.
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
        ...(typeof url === "string" && { url }),
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
    const text = file.pipe(createGunzip()).setEncoding("utf8"); // it reads member after member
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
      if (!(error instanceof SyntaxError || isZlib(error))) throw error; // cut short
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
    return [...Deno.readDirSync(dir)].filter(wanted).map(({ name }) => name).sort();
  } catch (error) {
    if (error instanceof Deno.errors.NotFound) return [];
    throw error;
  }
}
