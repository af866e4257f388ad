/**
 * The inputs of a job with several processes (ranks), divided by one plan that all of them read.
 *
 * @module
 */
import { entriesIn } from "../../../stages/disk/files.ts";
import type { Json } from "../../../stages/disk/json.ts";
import { exists } from "../../../stages/disk/whole_files.ts";
import { asSource } from "../../../stages/flow/as_source.ts";
import { type Flow, from } from "../../../stages/flow/flow.ts";
import { parallel } from "../../../stages/flow/parallel/parallel.ts";
import {
  findInputs,
  type InputPiece,
  type PartOptions,
  partsOf,
  partsOfRank,
  piecesOf,
  planInput,
  type PlannedInput,
  type SourcePart,
} from "../../../stages/source/parts.ts";
import { checkUnchanged, readPlan, writePlan } from "../../../stages/source/plan.ts";
import type { Env } from "../../cli/pipeline.ts";
import { ranksFolder } from "../../cli/resume.ts";

/** The inputs of a job. */
export interface JobInputs {
  /** URIs of the sources. */
  readonly uris: readonly string[];
  /** How they are read and divided. */
  readonly options: PartOptions & { readonly [name: string]: Json | undefined };
  /** Folder of the job. */
  readonly out: string;
}

/** The parts of a process, and how many there are of all processes. */
export interface DealtParts {
  readonly own: readonly SourcePart[];
  readonly all: { readonly parts: number; readonly bytes: number };
}

/** Returns the path of the plan of a job's processes. */
export function planPath(out: string): string {
  return `${out}/plan.jsonl`;
}

/** Makes the plan of a job. Throws RangeError if a rank has begun, whose parts would be others. */
export async function makePlan(
  { uris, options, out }: JobInputs,
  { workers }: Pick<Env, "workers">,
): Promise<Flow<never>> {
  const ranks = `${out}/${ranksFolder}`;
  const begun = await exists(ranks)
    ? (await entriesIn(ranks)).find(({ name }) => name !== "plan")
    : undefined;
  if (begun !== undefined) {
    throw new RangeError(
      `Cannot make a plan in ${out}: rank ${begun.name} has begun without it: give another --out`,
    );
  }
  const inputs = await findInputs(uris, options),
    module = import.meta.resolve("../../../stages/source/plan.ts");
  const work = { module, group: "planStages", options: JSON.parse(JSON.stringify(options)) };
  return from(asSource<PlannedInput>("inputs", () => [...inputs]))
    .pipe(parallel<PlannedInput, PlannedInput>(work, { workers, name: "plan" }))
    .pipe(writePlan(planPath(out)));
}

/** Returns the pieces of all processes, of the plan if there is one. */
export async function piecesFor({ uris, options, out }: JobInputs): Promise<Iterable<InputPiece>> {
  const plan = await readPlan(planPath(out));
  if (plan !== null) return piecesOf(plan);
  const inputs: PlannedInput[] = []; // without a plan, this process looks into each input itself
  for (const input of await findInputs(uris, options)) inputs.push(await planInput(input, options));
  return piecesOf(inputs);
}

/**
 * Returns the parts of a process. Of a plan with millions of parts, only these are made. Throws
 * Deno.errors.InvalidData if one of their files has changed since the plan was made.
 */
export async function dealParts(
  inputs: JobInputs,
  { rank, world, signal }: { readonly rank: number; readonly world: number; readonly signal: AbortSignal },
): Promise<DealtParts> {
  const pieces = await piecesFor(inputs), own = partsOfRank(pieces, { rank, world });
  for (const input of new Set(own.map(({ input }) => input))) {
    await checkUnchanged(input, { ...inputs.options, signal });
  }
  const all = { parts: 0, bytes: 0 };
  for (const { bytes } of pieces) {
    all.parts++;
    all.bytes += bytes;
  }
  return { own: await partsOf(own, inputs.options), all };
}

/** Returns the size of parts or pieces in bytes. */
export function bytesOf(parts: readonly { readonly bytes: number }[]): number {
  return parts.reduce((sum, { bytes }) => sum + bytes, 0);
}
