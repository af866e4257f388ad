/**
 * Damaged input: refused, or passed over with a note and a count so that nothing else is lost.
 *
 * @module
 */
import type { Context } from "../../flow/stage.ts";
import type { Document } from "../../items.ts";

/** What to do about input that is damaged: end the run with an error, or go on after it. */
export type DamagePolicy = "refuse" | "skip";

/** How readers take damage. */
export interface DamageOptions {
  /** Default refuse. */
  readonly damaged?: DamagePolicy;
}

/** What is passed over, and why. */
export interface SkippedInput {
  /** The error that would have ended the run: it names file and place. */
  readonly error: Error;
  /** The file. */
  readonly path: string;
  /** Of the item that is lost; default the file's. */
  readonly id?: string;
  /** Counted under it (default `damaged`). */
  readonly reason?: string;
  /** Without a note, for what may come by the million. */
  readonly quiet?: boolean;
}

/** Whether an error tells of the input's bytes; not of the disk, the network or a missing file. */
export function isDamage(error: unknown): error is Error {
  return error instanceof Deno.errors.InvalidData || error instanceof Deno.errors.UnexpectedEof ||
    error instanceof SyntaxError || error instanceof RangeError;
}

/** Counts what is passed over, and says so in a note. */
export function skipInput(
  ctx: Context,
  { error, path, id = path, reason = "damaged", quiet }: SkippedInput,
): void {
  const lost: Document = { id, text: "", filePath: path };
  if (!quiet) ctx.emit({ type: "note", text: `Skipped: ${error.message}` });
  ctx.drop(lost, reason);
}

/** As `passOver`, for damage after which nothing is read: told once, also where a resumed run meets it again. */
export function skipInputOnce(
  state: { damaged?: true },
  { ctx, ...skipped }: SkippedInput & { readonly ctx: Context },
): void {
  if (!state.damaged) skipInput(ctx, skipped);
  state.damaged = true;
}

/** Bytes up to the first damage, which `onDamage` is told of; without it damage is thrown. */
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
