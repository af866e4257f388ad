/**
 * The source of FineWeb's documents, divided into parts among the processes.
 *
 * @module
 */
import { entriesIn } from "../../../stages/disk/files.ts";
import { exists } from "../../../stages/disk/whole_files.ts";
import { asSource } from "../../../stages/flow/as_source.ts";
import { type Flow, from } from "../../../stages/flow/flow.ts";
import { parallel } from "../../../stages/flow/parallel/parallel.ts";
import { map } from "../../../stages/flow/stage.ts";
import type { Document } from "../../../stages/items.ts";
import { bytes } from "../../../stages/report/quantity.ts";
import {
  findInputs,
  partsOf,
  partsOfRank,
  partsSource,
  piecesOf,
  planInput,
  type PlannedInput,
  type SourcePart,
} from "../../../stages/source/parts.ts";
import { checkUnchanged, readPlan, writePlan } from "../../../stages/source/plan.ts";
import type { Env, Values } from "../../cli/pipeline.ts";
import { ranksFolder } from "../../cli/resume.ts";
import { pagesFor } from "../filters.ts";
import { markCompletions } from "./completions.ts";
import type { RankWork } from "./rank_work.ts";
import { sourceLines } from "./source_lines.ts";
import {
  type documentOptions,
  type rankOptions,
  readingOf,
  type sourceOptions,
} from "../options/document_options.ts";

type SourceValues = Values<typeof sourceOptions & typeof documentOptions & typeof rankOptions>;

/** Returns the documents of this process's parts. A file in `<out>/completions` marks each finished part. */
export async function rankSource(
  o: SourceValues,
  { env, work }: { readonly env: Env; readonly work: RankWork },
): Promise<Flow<Document>> {
  const { dump } = o;
  const { own, all } = await dealtParts(o, { env, work });
  const source = partsSource(o.source.length === 1 ? o.source[0] : "source", own);
  if (work.rank !== null && !env.dry) {
    const text = `rank ${work.rank} of ${work.world} reads ${own.length} of ${all.parts} parts, ${
      bytes(bytesOf(own))
    } of ${bytes(all.bytes)}`;
    env.emit({ type: "note", text });
  }
  markCompletions(env, { dir: `${env.out}/completions`, source: source.name, own, rank: work.rank ?? 0 });
  return dump === null
    ? from(source)
    : from(source).pipe(map("dump", (doc: Document) => doc.dump === undefined ? { ...doc, dump } : doc));
}

/** Returns the division of the source among the processes, as --dry-run prints it. */
export async function rankSourceLines(
  o: SourceValues,
  { env, work }: { readonly env: Env; readonly work: RankWork },
): Promise<readonly string[]> {
  const { world, step } = work;
  const pieces = step === "all" || step === "first"
    ? [...piecesOf(await inputsFor(o, { out: env.out, work }))]
    : [];
  const ranks = Array.from({ length: world }, (_, rank) => partsOfRank(pieces, { rank, world }));
  return sourceLines({
    files: new Set(pieces.map(({ input: { file } }) => file)).size,
    bytes: bytesOf(pieces),
    workers: env.workers,
    ranks: ranks.map((parts) => ({ parts: parts.length, bytes: bytesOf(parts) })),
  });
}

/** The parts of this process, and how many there are of all processes. */
interface DealtParts {
  readonly own: readonly SourcePart[];
  readonly all: { readonly parts: number; readonly bytes: number };
}

/**
 * Returns the parts of this process. Of a plan with millions of parts, only these are made. Throws
 * Deno.errors.InvalidData if one of their files has changed since the plan was made.
 */
async function dealtParts(
  o: SourceValues,
  { env, work }: { readonly env: Env; readonly work: RankWork },
): Promise<DealtParts> {
  const { world } = work, rank = work.rank ?? 0, options = partOptions(o, work);
  const pieces = piecesOf(await inputsFor(o, { out: env.out, work }));
  const own = partsOfRank(pieces, { rank, world });
  for (const input of new Set(own.map(({ input }) => input))) {
    await checkUnchanged(input, { ...options, signal: env.signal });
  }
  const all = { parts: 0, bytes: 0 };
  for (const { bytes } of pieces) {
    all.parts++;
    all.bytes += bytes;
  }
  return { own: await partsOf(own, options), all };
}

/** Returns the inputs of the plan in `out`; without a plan, this process looks into each input itself. */
async function inputsFor(
  o: SourceValues,
  { out, work }: { readonly out: string; readonly work: RankWork },
): Promise<readonly PlannedInput[]> {
  const plan = await readPlan(planPath(out));
  if (plan !== null) return plan;
  const options = partOptions(o, work), inputs: PlannedInput[] = [];
  for (const input of await findInputs(o.source, options)) inputs.push(await planInput(input, options));
  return inputs;
}

/** Makes the plan. Throws RangeError if a rank has begun, whose parts would be others. */
export async function planned(
  o: SourceValues,
  { env, work }: { readonly env: Env; readonly work: RankWork },
): Promise<Flow<never>> {
  const ranks = `${env.out}/${ranksFolder}`;
  const begun = await exists(ranks)
    ? (await entriesIn(ranks)).find(({ name }) => name !== "plan")
    : undefined;
  if (begun !== undefined) {
    throw new RangeError(
      `Cannot make a plan in ${env.out}: rank ${begun.name} has begun without it: give another --out`,
    );
  }
  const options = partOptions(o, work), inputs = await findInputs(o.source, options);
  const module = import.meta.resolve("../../../stages/source/plan.ts");
  return from(asSource<PlannedInput>("inputs", () => [...inputs]))
    .pipe(parallel<PlannedInput, PlannedInput>({ module, group: "planStages", options }, {
      workers: env.workers,
      name: "plan",
    }))
    .pipe(writePlan(planPath(env.out)));
}

/** Returns the path of the plan of a run's processes. */
export function planPath(out: string): string {
  return `${out}/plan.jsonl`;
}

function partOptions(o: SourceValues, { stages }: RankWork) {
  return { ...pagesFor(stages), ...readingOf(o), partBytes: o.partBytes };
}

function bytesOf(parts: readonly { readonly bytes: number }[]): number {
  return parts.reduce((sum, { bytes }) => sum + bytes, 0);
}
