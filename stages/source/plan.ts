/**
 * The plan of a job with several processes: a file that lists the inputs and how they are divided. It is made
 * once, because looking into each file takes time; the processes only read it, so they all divide the inputs
 * in the same way.
 *
 * The file has JSON lines: a header, an input on each line, and a last line with their number, without which
 * the plan is not complete.
 *
 * @module
 */
import { disk } from "../disk/disk.ts";
import { openTruncated, writeAllSync } from "../disk/exact_io.ts";
import { makeFolderSync } from "../disk/files.ts";
import { syncFolderSync } from "../disk/folder_sync.ts";
import { isRecord } from "../disk/json.ts";
import { existsSync, readIfThere, removeIfThereSync } from "../disk/whole_files.ts";
import type { Stage } from "../flow/stage.ts";
import { stage } from "../flow/stage.ts";
import { identityChange, identityOf } from "./identity.ts";
import { type PartOptions, planInput, type PlannedInput } from "./parts.ts";
import { dirname } from "node:path";

const VERSION = 1;
const BLOCKS = 2; // of 64 KiB that are hashed of each input: its beginning and its end

/**
 * Returns the stages that look into an input: they decide how it is divided, and note its identity. They have
 * no state, so that they can run on workers: see `parallel`.
 */
export function planStages(options: PartOptions): Stage<PlannedInput, PlannedInput>[] {
  return [
    stage<PlannedInput, PlannedInput, null>({
      name: "plan",
      open: () => null,
      async *push(input) {
        const planned = await planInput(input, options);
        yield planned.embedded === true
          ? planned
          : { ...planned, identity: await identityOf(planned.file, { ...options, blocks: BLOCKS }) };
      },
    }),
  ];
}

/** State of `writePlan`. */
interface PlanState {
  /** Number of inputs written. */
  inputs: number;
  /** Length of the file in bytes. */
  bytes: number;
}

/** Returns a sink that writes planned inputs to `path`; the file gets its name when it is complete. */
export function writePlan(path: string): Stage<PlannedInput, never> {
  const unfinished = `${path}.partial`, encoder = new TextEncoder();
  const append = (state: PlanState & { file: Deno.FsFile }, line: unknown): void => {
    const bytes = encoder.encode(`${JSON.stringify(line)}\n`);
    writeAllSync(state.file, bytes);
    state.bytes += bytes.length;
  };
  return stage<PlannedInput, never, PlanState & { file: Deno.FsFile }>({
    name: "write plan",
    open(_ctx, saved?: PlanState) {
      makeFolderSync(dirname(path));
      if (saved === undefined) removeIfThereSync(path);
      else if (existsSync(path)) disk.renameSync(path, unfinished); // completed after the checkpoint
      const state = { inputs: 0, bytes: 0, ...saved };
      return { ...state, file: openTruncated(unfinished, state.bytes) };
    },
    push(input, state) {
      if (state.bytes === 0) append(state, { plan: VERSION });
      append(state, input);
      state.inputs++;
      return [];
    },
    flush(state) {
      append(state, { inputs: state.inputs });
      state.file.syncSync();
      disk.renameSync(unfinished, path);
      syncFolderSync(dirname(path));
      return [];
    },
    save({ inputs, bytes, file }) {
      file.syncSync();
      return { inputs, bytes };
    },
    close: ({ file }) => file.close(),
  });
}

/** Returns the inputs of a plan; null if there is none. Throws Deno.errors.InvalidData for a damaged one. */
export async function readPlan(path: string): Promise<readonly PlannedInput[] | null> {
  const text = await readIfThere(path);
  if (text === null) return null;
  const lines = text.trimEnd().split("\n");
  const parsed = lines.map((line, i): unknown => {
    try {
      return JSON.parse(line);
    } catch (cause) {
      throw damaged(path, `line ${i + 1} is not JSON`, cause);
    }
  });
  const [first, last] = [parsed[0], parsed.at(-1)], inputs = parsed.slice(1, -1);
  if (!isRecord(first) || first.plan !== VERSION) {
    throw damaged(path, "line 1 is not the beginning of a plan");
  }
  if (!isRecord(last) || last.inputs !== inputs.length) throw damaged(path, "its end is missing");
  inputs.forEach((input, i) => {
    if (!isPlanned(input)) throw damaged(path, `line ${i + 2} does not describe an input`);
  });
  return inputs.filter(isPlanned);
}

/**
 * Throws Deno.errors.InvalidData, which says what differs, for an input that has changed since it was
 * planned.
 */
export async function checkUnchanged(
  { file, identity }: PlannedInput,
  options: PartOptions & { readonly signal?: AbortSignal } = {},
): Promise<void> {
  if (identity === undefined) return;
  const now = await identityOf(file, { ...options, blocks: identity.blocks }).catch((error) => {
    if (!(error instanceof Deno.errors.NotFound)) throw error;
    throw changed(file, "it is missing", error);
  });
  const change = identityChange({ saved: identity, now });
  if (change !== null) throw changed(file, change.what);
}

function changed(file: string, what: string, cause?: unknown): Error {
  return new Deno.errors.InvalidData(
    `Cannot read ${file}: it has changed since the plan was made: ${what}: put it back as it was, or start over with a new plan in another --out`,
    { cause },
  );
}

function isPlanned(value: unknown): value is PlannedInput {
  return isRecord(value) && typeof value.file === "string" && (value.size === null || isSize(value.size)) &&
    (value.pieces === null || isRecord(value.pieces) && arePieces(value.pieces)) &&
    (value.identity === undefined || isRecord(value.identity)) &&
    (value.embedded === undefined || typeof value.embedded === "boolean");
}

function arePieces({ every, rows }: Readonly<Record<string, unknown>>): boolean {
  return rows === undefined
    ? isSize(every) && every >= 1
    : Array.isArray(rows) && rows.every((row) => Array.isArray(row) && row.length === 3 && row.every(isSize));
}

function isSize(value: unknown): value is number {
  return typeof value === "number" && value >= 0 && Number.isFinite(value);
}

function damaged(path: string, why: string, cause?: unknown): Error {
  return new Deno.errors.InvalidData(
    `Cannot read ${path}: ${why}: delete it, and make it again with --only plan --resume never`,
    { cause },
  );
}
