/**
 * A few dropped documents for each stage and reason, so that a person can judge a filter by what it removes.
 *
 * @module
 */
import { createHash } from "node:crypto";
import { createReadStream } from "node:fs";
import { createGunzip } from "node:zlib";
import { entriesInSync, fileInfo } from "../disk/files.ts";

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
  return await new RemovedReader(dir).read();
}

/** Reads the samples of a folder again and again while a run writes into it. */
export class RemovedReader {
  readonly #dir: string;
  readonly #stages = new Map<string, StageSamples>();

  /** Reads `dir` as `removedSamples()` does. */
  constructor(dir: string) {
    this.#dir = dir;
  }

  /**
   * Returns the samples. Nothing is read of a stage whose files still hold what was read of them before.
   * Throws the signal's reason once it is aborted, and the errors of reading.
   */
  async read(signal?: AbortSignal): Promise<RemovedSample[]> {
    const samples: RemovedSample[] = [];
    for (const stage of namesIn(this.#dir, (entry) => entry.isDirectory)) {
      const dir = `${this.#dir}/${stage}`, files = await filesIn(dir);
      let known = this.#stages.get(stage);
      if (known === undefined || !hold(files, known)) {
        known = await readStage(stage, { dir, files, signal });
        this.#stages.set(stage, known);
      }
      samples.push(...known.samples);
    }
    return samples;
  }
}

/** A file of dropped documents. */
interface RemovedFile {
  readonly name: string;
  /** Bytes before it was read. */
  readonly size: number;
}

/** The samples of a stage. */
interface StageSamples {
  readonly samples: readonly RemovedSample[];
  /** The files that were read. */
  readonly files: readonly RemovedFile[];
  /** Whether `mostRead` was reached, within the last of the files. */
  readonly isFull: boolean;
}

/** Where to read the samples of a stage. */
interface StageFiles {
  readonly dir: string;
  readonly files: readonly RemovedFile[];
  readonly signal: AbortSignal | undefined;
}

/** Returns whether the files of a stage hold what was read of them: a run only appends to them. */
function hold(now: readonly RemovedFile[], { files, isFull }: StageSamples): boolean {
  if (!isFull && now.length !== files.length) return false;
  return files.every(({ name, size }, i) => {
    const mayGrow = isFull && i === files.length - 1;
    return now[i]?.name === name && (mayGrow ? now[i].size >= size : now[i].size === size);
  });
}

async function readStage(stage: string, { files, ...from }: StageFiles): Promise<StageSamples> {
  const chosen = new Map<string, { readonly rank: string; readonly sample: RemovedSample }[]>();
  const reach = { files: 0, isFull: false };
  for await (const row of rows({ files, ...from }, reach)) {
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
  const samples = [...chosen].sort(([a], [b]) => a < b ? -1 : 1)
    .flatMap(([, best]) => best.map(({ sample }) => sample));
  return { samples, files: files.slice(0, reach.files), isFull: reach.isFull };
}

/** Returns the documents in files, and counts in `reach` how many of these it has read. */
async function* rows(
  { dir, files, signal }: StageFiles,
  reach: { files: number; isFull: boolean },
): AsyncGenerator<Readonly<Record<string, unknown>>> {
  let left = mostRead;
  for (const { name } of files) {
    reach.files++;
    const file = createReadStream(`${dir}/${name}`);
    const text = file.pipe(createGunzip()).setEncoding("utf8"); // reads all gzip members of the file
    file.once("error", (error) => text.destroy(error));
    let rest = "";
    try {
      for await (const part of text) {
        signal?.throwIfAborted();
        const lines = (rest + part).split("\n");
        rest = lines.pop() ?? "";
        left -= part.length;
        for (const line of lines) yield JSON.parse(line);
        if (left < 0) {
          reach.isFull = true;
          return;
        }
      }
    } catch (error) {
      if (!(error instanceof SyntaxError || isZlib(error))) throw error; // the file is truncated
    } finally {
      file.destroy();
    }
  }
}

/** Returns the files of a stage's folder in their order. */
async function filesIn(dir: string): Promise<readonly RemovedFile[]> {
  const names = namesIn(dir, (entry) => entry.isFile && entry.name.endsWith(".jsonl.gz"));
  return await Promise.all(
    names.map(async (name) => ({ name, size: (await fileInfo(`${dir}/${name}`)).size })),
  );
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
