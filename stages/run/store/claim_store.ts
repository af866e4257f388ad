/**
 * One process writes a run to its object store at a time: the one that has claimed it last. A claim is the
 * owner in the run's manifest. Each writing of the manifest has the condition that it is still the one that
 * this process wrote, so that a process which was taken for dead cannot undo what its successor has written.
 *
 * A store that does not check conditions is read before each writing instead. Between the two, another
 * process may write: then the later manifest stands, and the process that wrote the earlier one ends at its
 * next save.
 *
 * @module
 */
import type { RetryOptions } from "../../format/web/retry.ts";
import { getS3, putS3, type WriteCondition } from "../../format/web/s3/objects.ts";
import { S3ConditionError, S3UnsupportedError } from "../../format/web/s3/s3_request.ts";
import {
  manifestText,
  parseManifest,
  STORE_FILE,
  type StoreManifest,
  type StoreOwner,
  type StorePlace,
} from "./store_files.ts";

/** A claim of this process. */
export interface Claim {
  readonly owner: StoreOwner;
  /** ETag of the manifest. */
  readonly etag: string;
  /** Whether the store checks conditions. */
  readonly checked: boolean;
}

/** The error of a process whose run another process has claimed. */
export class StoreTakenError extends Error {
  override readonly name = "StoreTakenError";
}

/** The manifest of a run as it is in the store, and its ETag; null if there is none. */
export async function readManifest(
  place: StorePlace,
  retry: RetryOptions = {},
): Promise<StoreManifest & { readonly etag: string } | null> {
  const uri = manifestUri(place), object = await getS3(uri, retry);
  return object === null ? null : { ...parseManifest(object.text, uri), etag: object.etag };
}

/** Claims a run, whose manifest is `now`. Throws StoreTakenError if another process does so meanwhile. */
export async function claimRun(
  place: StorePlace,
  { owner, now, retry = {} }: {
    readonly owner: StoreOwner;
    readonly now: { readonly files: readonly string[]; readonly etag: string } | null;
    readonly retry?: RetryOptions;
  },
): Promise<Claim> {
  const manifest = { owner, files: now?.files ?? [] };
  let checked = true;
  const etag = await write(place, manifest, {
    condition: now === null ? "absent" : { etag: now.etag },
    retry,
  })
    .catch(async (error) => {
      if (!(error instanceof S3UnsupportedError)) throw error;
      checked = false;
      return await write(place, manifest, { condition: null, retry });
    });
  if (checked) {
    // A store that ignores conditions accepts what this one must refuse.
    checked = await putS3(manifestUri(place), bytesOf(manifest), { ...retry, condition: "absent" }).then(
      () => false,
      (error) => {
        if (error instanceof S3ConditionError) return true;
        throw error;
      },
    );
  }
  return { owner, checked, etag };
}

/** Throws StoreTakenError if another process has claimed the run. */
export async function requireClaim(place: StorePlace, { owner }: Claim, retry: RetryOptions): Promise<void> {
  const now = await readManifest(place, retry);
  if (now?.owner.process !== owner.process) throw takenBy(place, now?.owner ?? null);
}

/** Writes the manifest with these files. Throws StoreTakenError if another process has claimed the run. */
export async function renewClaim(
  place: StorePlace,
  { claim, files, retry }: {
    readonly claim: Claim;
    readonly files: readonly string[];
    readonly retry: RetryOptions;
  },
): Promise<Claim> {
  const { owner, checked } = claim;
  if (!checked) await requireClaim(place, claim, retry);
  const condition = checked ? { etag: claim.etag } : null;
  return { owner, checked, etag: await write(place, { owner, files }, { condition, retry }) };
}

async function write(
  place: StorePlace,
  manifest: StoreManifest,
  { condition, retry }: { readonly condition: WriteCondition | null; readonly retry: RetryOptions },
): Promise<string> {
  try {
    return await putS3(manifestUri(place), bytesOf(manifest), { ...retry, condition });
  } catch (error) {
    if (!(error instanceof S3ConditionError)) throw error;
    // The answer to an earlier try may have been lost after the store had written it.
    const now = await readManifest(place, retry);
    if (now !== null && manifestText(now) === manifestText(manifest)) return now.etag;
    throw takenBy(place, now?.owner ?? null);
  }
}

function manifestUri({ url, within }: StorePlace): string {
  return `${url}/${within}${STORE_FILE}`;
}

function bytesOf(manifest: StoreManifest): Uint8Array<ArrayBuffer> {
  return new TextEncoder().encode(manifestText(manifest));
}

function takenBy({ url }: StorePlace, owner: StoreOwner | null): StoreTakenError {
  if (owner === null) {
    return new StoreTakenError(
      `Cannot continue the run in ${url}: its ${STORE_FILE} was removed: type the command again to write it anew`,
    );
  }
  const host = owner.host === "" ? "" : ` on host ${owner.host}`;
  const since = owner.since.replace("T", " ").replace(/\.\d+Z$/, " UTC");
  return new StoreTakenError(
    `Cannot continue the run in ${url}: process ${owner.pid}${host} has taken it over at ${since}: ` +
      `stop that one and type the command again, or leave the run to it`,
  );
}
