/**
 * Identity of an input: what is compared before a position in it is used again. A run that resumed in a file
 * that was replaced or truncated meanwhile would mix two texts without a word.
 *
 * @module
 */
import { createHash } from "node:crypto";
import { openFile } from "../disk/files.ts";
import { HASH_BLOCK, sampledHash, sampledParts } from "../disk/sampled_hash.ts";
import { findRemote, isRemote, readRemote } from "../format/web/remote.ts";
import type { RetryOptions } from "../format/web/retry.ts";
import { copyState } from "../flow/run/copy_state.ts";
import type { Source } from "../flow/stage.ts";

/** What tells whether an input is still the same. */
export interface InputIdentity {
  /** Size in bytes; null if a server does not report it. */
  readonly bytes: number | null;
  /**
   * Time of the last change of a file, in milliseconds since 1970; absent where the system has none, and for
   * a file that was hashed whole.
   */
  readonly modified?: number;
  /** ETag or Last-Modified of a file on a server; absent if the server sends neither. */
  readonly version?: string;
  /** Number of blocks of 64 KiB that were hashed at most. Absent, as `hash`, in earlier versions. */
  readonly blocks?: number;
  /** Hash of the whole input if it is short, otherwise of `blocks` blocks: see `sampledHash`. */
  readonly hash?: string;
}

/** Identities of the inputs of a source, in the order in which they are read. */
export type InputIdentities = readonly (readonly [path: string, identity: InputIdentity])[];

const MAX_BLOCKS = 256; // of a file: 16 MiB, hashed in about 20 ms
const ALL_BLOCKS = 4096; // of all files of a source: 256 MiB, so that a run on thousands of files starts soon
const REMOTE_BLOCKS = 4; // a request each

/** How an identity is found. */
export interface IdentityOptions extends RetryOptions {
  /** Number of blocks of 64 KiB to hash at most (default 256; 4 on a server). */
  readonly blocks?: number | undefined;
}

/** The identity of a file or of an http or https URL. Throws the errors of `openFile` and `findRemote`. */
export async function identityOf(path: string, options: IdentityOptions = {}): Promise<InputIdentity> {
  return isRemote(path) ? await identityOfUrl(path, options) : await identityOfFile(path, options);
}

async function identityOfFile(
  path: string,
  { blocks = MAX_BLOCKS }: IdentityOptions,
): Promise<InputIdentity> {
  using file = await openFile(path);
  const { size: bytes, mtime } = await file.stat();
  const whole = bytes <= blocks * HASH_BLOCK;
  return {
    bytes,
    ...(mtime !== null && !whole && { modified: mtime.getTime() }),
    blocks,
    hash: sampledHash(file, { path, bytes, blocks }),
  };
}

// A server may derive its version from size and time alone, so blocks are hashed in any case.
async function identityOfUrl(
  url: string,
  { blocks = REMOTE_BLOCKS, ...options }: IdentityOptions,
): Promise<InputIdentity> {
  const file = await findRemote(url, options), { size: bytes, version } = file;
  const hash = createHash("sha256");
  // Without ranges, a block is only reached by reading all bytes before it.
  const parts = bytes === null ? [[0, HASH_BLOCK] as const] : sampledParts(bytes, file.ranges ? blocks : 1);
  for (const [start, length] of parts) {
    for await (const part of readRemote(file, { ...options, start, end: start + length })) hash.update(part);
  }
  return { bytes, ...(version !== null && { version }), blocks, hash: hash.digest("hex").slice(0, 32) };
}

/** Throws Deno.errors.InvalidData, which says what differs, if the input is not the one of the checkpoint. */
export function checkIdentity(
  path: string,
  compared: { readonly saved: InputIdentity; readonly now: InputIdentity },
): void {
  const change = identityChange(compared);
  if (change === null) return;
  const { what, hint = "put it back as it was" } = change;
  throw new Deno.errors.InvalidData(
    `Cannot resume in ${path}: it has changed since the checkpoint: ${what}: ${hint}, or start over with --resume never`,
  );
}

/** Returns what differs between an input and its saved identity, and advice; null if nothing does. */
export function identityChange(
  { saved, now }: { readonly saved: InputIdentity; readonly now: InputIdentity },
): { readonly what: string; readonly hint?: string } | null {
  if (saved.bytes !== now.bytes) {
    return { what: `it had ${sizeText(saved.bytes)}, it has ${sizeText(now.bytes)}` };
  }
  if (saved.version !== now.version) {
    return { what: `its version was ${saved.version ?? "unknown"}, it is ${now.version ?? "unknown"}` };
  }
  if (saved.hash !== undefined && saved.hash !== now.hash) return { what: "its content is another" };
  if (saved.modified === undefined || saved.modified === now.modified) return null;
  if (saved.hash !== undefined && now.modified === undefined) return null; // hashed whole
  const before = new Date(saved.modified).toISOString();
  return {
    what: `it was last modified at ${before}, now at ${new Date(now.modified ?? 0).toISOString()}`,
    hint: `put it back, or set its time if its content is the same (touch -d ${before} FILE)`,
  };
}

function sizeText(bytes: number | null): string {
  return bytes === null ? "an unknown size" : `${bytes} bytes`;
}

/**
 * The identities of files or URLs, which are compared with those of a checkpoint. Files may have been added
 * at the end. Throws Deno.errors.InvalidData, which names the file, for one that has changed, that is missing
 * or that was added before the end; also for files that have been read already or not yet. `known` has
 * identities that were found a moment ago, and receives those that are found now.
 */
export async function identitiesOf(
  paths: readonly string[],
  { saved = [], known = new Map(), signal }: {
    readonly saved?: InputIdentities | undefined;
    readonly known?: Map<string, InputIdentity> | undefined;
    readonly signal?: AbortSignal;
  } = {},
): Promise<InputIdentities> {
  checkPaths(paths, saved);
  const most = Math.max(2, Math.min(MAX_BLOCKS, Math.floor(ALL_BLOCKS / paths.length)));
  const identities: (readonly [string, InputIdentity])[] = [];
  for (const [i, path] of paths.entries()) {
    signal?.throwIfAborted();
    const before = saved[i]?.[1];
    const blocks = before?.blocks ?? (isRemote(path) ? REMOTE_BLOCKS : most);
    const recent = before === undefined ? known.get(path) : undefined;
    const now = recent ?? await identityOf(path, { blocks, ...(signal !== undefined && { signal }) });
    if (before !== undefined) checkIdentity(path, { saved: before, now });
    known.set(path, now);
    identities.push([path, now]);
  }
  return identities;
}

/**
 * Compares identities that are known already with those of a checkpoint, and returns them. Throws as
 * `identitiesOf`.
 */
export function checkIdentities(now: InputIdentities, saved: InputIdentities = []): InputIdentities {
  checkPaths(now.map(([path]) => path), saved);
  saved.forEach(([path, before], i) => checkIdentity(path, { saved: before, now: now[i][1] }));
  return now;
}

function checkPaths(paths: readonly string[], saved: InputIdentities): void {
  saved.forEach(([path], i) => {
    if (paths[i] === path) return;
    throw new Deno.errors.InvalidData(
      paths.includes(path)
        ? `Cannot resume: ${paths[i]} was not among the files before ${path} when the run began: ` +
          `move it away, or start over with --resume never`
        : `Cannot resume: ${path} is no longer among the files: put it back, or start over with --resume never`,
    );
  });
}

/**
 * The same source of files or URLs, which saves the identities of all of them with its position. Opening it
 * to resume throws the errors of `identitiesOf`. States of earlier versions are accepted without identities.
 * `known`: see `identitiesOf`; for sources that are parts of one file.
 */
export function identified<T, S extends object>(
  paths: readonly string[],
  source: Source<T, S>,
  known?: Map<string, InputIdentity>,
): Source<T, S & { identities?: InputIdentities }> {
  return {
    ...source,
    async open(ctx, saved) {
      const identities = await identitiesOf(paths, { saved: saved?.identities, known, signal: ctx.signal });
      return Object.assign(await source.open(ctx, saved), { identities });
    },
    async save(state) {
      const saved = source.save === undefined ? copyState(state) : await source.save(state);
      return Object.assign({}, saved, { identities: copyState(state.identities ?? []) });
    },
  };
}
