/**
 * Damaged input is either refused, or skipped with a note and a count so that the rest of the data is still
 * read.
 *
 * @module
 */
import type { Context } from "../../flow/stage.ts";
import type { Document } from "../../items.ts";

/** Policy for damaged input: `refuse` ends the run with an error; `skip` continues after the damage. */
export type DamagePolicy = "refuse" | "skip";

/** How a reader handles damaged input. */
export interface DamageOptions {
  /** Policy for damaged input (default `refuse`). */
  readonly damaged?: DamagePolicy;
}

/** One piece of input that is skipped, and the reason. */
export interface SkippedInput {
  /** Error that would have ended the run; its message names the file and the position. */
  readonly error: Error;
  /** Path of the file. */
  readonly path: string;
  /** Id of the lost item (default: the file's path). */
  readonly id?: string;
  /** Reason under which the item is counted as dropped (default `damaged`). */
  readonly reason?: string;
  /** Whether to suppress the note (default false). */
  readonly quiet?: boolean;
}

/**
 * Returns whether an error is about the bytes of the input, and not about the disk, the network or a missing
 * file.
 */
export function isDamage(error: unknown): error is Error {
  return error instanceof Deno.errors.InvalidData || error instanceof Deno.errors.UnexpectedEof ||
    error instanceof SyntaxError || error instanceof RangeError;
}

/** Counts a skipped piece of input as dropped and, unless `quiet`, reports it in a note. */
export function skipInput(
  ctx: Context,
  { error, path, id = path, reason = "damaged", quiet }: SkippedInput,
): void {
  const lost: Document = { id, text: "", filePath: path };
  if (!quiet) ctx.emit({ type: "note", text: `Skipped: ${error.message}` });
  ctx.drop(lost, reason);
}

/**
 * Like `skipInput`, but only the first skipped record is reported in a note, because millions of records may
 * be unusable. `state.noted` is saved in checkpoints.
 */
export function skipRecord(
  state: { noted?: true },
  { ctx, ...skipped }: SkippedInput & { readonly ctx: Context },
): void {
  skipInput(ctx, { ...skipped, quiet: state.noted === true });
  state.noted = true;
}

/**
 * Like `skipInput`, but for damage that makes the rest of the file unreadable. `state.damaged` is saved in
 * checkpoints, so a resumed run that meets the same damage does not count it again.
 */
export function skipInputOnce(
  state: { damaged?: true },
  { ctx, ...skipped }: SkippedInput & { readonly ctx: Context },
): void {
  if (!state.damaged) skipInput(ctx, skipped);
  state.damaged = true;
}

/**
 * Yields the bytes up to the first damage. The error is passed to `onDamage`, or thrown if `onDamage` is
 * null.
 */
export async function* untilDamage(
  bytes: AsyncIterable<Uint8Array<ArrayBuffer>>,
  onDamage: ((error: Error) => void) | null,
): AsyncGenerator<Uint8Array<ArrayBuffer>> {
  try {
    yield* bytes;
  } catch (error) {
    if (onDamage === null || !isDamage(error)) throw error;
    onDamage(error);
  }
}

const MAX_NAMED = 20; // fields that are named in notes; a hostile file may have a new name in each record

/**
 * Returns a function that says, once for each field name, that documents cannot carry this field along.
 * `state.lost` is saved in checkpoints.
 */
export function noteLostFields(
  state: { lost?: string[] },
  { ctx, path }: { readonly ctx: Context; readonly path: string },
): (name: string) => void {
  return (name) => {
    const brief = name.slice(0, 100), lost = state.lost ?? [];
    if (lost.includes(brief) || lost.length >= MAX_NAMED) return;
    state.lost = [...lost, brief];
    const text =
      `Left out field ${JSON.stringify(brief)} of records of ${path}: it holds bytes, or values nested ` +
      `more than 100 deep, which metadata cannot hold`;
    ctx.emit({ type: "note", text });
  };
}
