/**
 * Identity of an input: what is compared before a position in it is used again. A run that resumed in a file
 * that was replaced or truncated meanwhile would mix two texts without a word.
 *
 * @module
 */
import { createHash } from "node:crypto";
import { readFull } from "../disk/exact_io.ts";
import { openFile } from "../disk/files.ts";
import { findRemote, isRemote, readRemote } from "../format/web/remote.ts";
import type { RetryOptions } from "../format/web/retry.ts";
import type { Source } from "../flow/stage.ts";

/** What tells whether an input is still the same. */
export interface InputIdentity {
  /** Size in bytes; null if a server does not report it. */
  readonly bytes: number | null;
  /** Time of the last change of a file, in milliseconds since 1970; absent where the system has none. */
  readonly modified?: number;
  /** ETag or Last-Modified of a file on a server; absent if the server sends neither. */
  readonly version?: string;
  /** Hash of the first and last 64 KiB; absent if a server tells the version. */
  readonly ends?: string;
}

const END_BYTES = 1 << 16;

/**
 * The identity of a file or of an http or https URL. Throws the errors of `openFile` and `findRemote`.
 */
export async function identityOf(path: string, options: RetryOptions = {}): Promise<InputIdentity> {
  return isRemote(path) ? await identityOfUrl(path, options) : await identityOfFile(path);
}

async function identityOfFile(path: string): Promise<InputIdentity> {
  using file = await openFile(path);
  const { size: bytes, mtime } = await file.stat();
  const hash = createHash("sha256");
  for (const start of startsOfEnds(bytes)) {
    await file.seek(start, Deno.SeekMode.Start);
    const part = new Uint8Array(Math.min(END_BYTES, bytes - start));
    await readFull(file, part, path);
    hash.update(part);
  }
  return { bytes, ...(mtime !== null && { modified: mtime.getTime() }), ends: hash.digest("hex") };
}

async function identityOfUrl(url: string, options: RetryOptions): Promise<InputIdentity> {
  const file = await findRemote(url, options), { size: bytes, version } = file;
  if (version !== null) return { bytes, version };
  const hash = createHash("sha256");
  for (const start of startsOfEnds(bytes)) {
    const end = Math.min(start + END_BYTES, bytes ?? Infinity);
    for await (const part of readRemote(file, { ...options, start, end })) hash.update(part);
  }
  return { bytes, ends: hash.digest("hex") };
}

/** Offsets of the parts that are hashed. */
function startsOfEnds(bytes: number | null): readonly number[] {
  return bytes === null || bytes <= END_BYTES ? [0] : [0, Math.max(END_BYTES, bytes - END_BYTES)];
}

/** Throws Deno.errors.InvalidData, which says what differs, if the input is not the one of the checkpoint. */
export function checkIdentity(
  path: string,
  { saved, now }: { readonly saved: InputIdentity; readonly now: InputIdentity },
): void {
  const refuse = (change: string, hint = "put it back as it was"): never => {
    throw new Deno.errors.InvalidData(
      `Cannot resume in ${path}: it has changed since the checkpoint: ${change}: ${hint}, or start over with --resume never`,
    );
  };
  if (saved.bytes !== now.bytes) {
    refuse(`it had ${sizeText(saved.bytes)}, it has ${sizeText(now.bytes)}`);
  }
  if (saved.version !== now.version) {
    refuse(`its version was ${saved.version ?? "unknown"}, it is ${now.version ?? "unknown"}`);
  }
  if (saved.ends !== now.ends) refuse("its content is another");
  if (saved.modified === now.modified || saved.modified === undefined) return;
  const before = new Date(saved.modified).toISOString();
  refuse(
    `it was last modified at ${before}, now at ${new Date(now.modified ?? 0).toISOString()}`,
    `put it back, or set its time if its content is the same (touch -d ${before} FILE)`,
  );
}

function sizeText(bytes: number | null): string {
  return bytes === null ? "an unknown size" : `${bytes} bytes`;
}

/**
 * The same source of a file or URL, which saves the identity of its input with its position. Opening it to
 * resume throws Deno.errors.InvalidData if the input has changed. States of earlier versions are accepted
 * without an identity.
 */
export function identified<T, S extends object>(
  path: string,
  source: Source<T, S>,
): Source<T, S & { input?: InputIdentity }> {
  return {
    ...source,
    async open(ctx, saved) {
      const now = await identityOf(path, { signal: ctx.signal });
      if (saved?.input !== undefined) checkIdentity(path, { saved: saved.input, now });
      return Object.assign(await source.open(ctx, saved), { input: now });
    },
  };
}
