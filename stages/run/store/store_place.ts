/**
 * Where a run of an object store is: its address, and its working folder on this machine.
 *
 * @module
 */
import { withoutEndSlash } from "../../disk/paths.ts";
import { isS3, s3PlaceOf } from "../../format/web/s3/s3_uri.ts";
import { UsageError } from "../usage_error.ts";
import type { StorePlace } from "./store_files.ts";

/**
 * Returns the place of a run in the store and on this machine: `runs/s3/BUCKET/KEY`, with the name of the
 * rank for one of several processes, so that each has a folder of its own. Throws UsageError for an address
 * that is none of a run.
 */
export function storePlaceOf(typed: string, rank: string | null): StorePlace {
  let place;
  try {
    place = s3PlaceOf(typed);
  } catch (cause) {
    throw new UsageError(cause instanceof Error ? cause.message : `${cause}`, { cause });
  }
  const key = withoutEndSlash(place.key);
  if (key === "" || key.includes("//")) {
    throw new UsageError(
      `Cannot write to --out ${typed}: a run needs a folder in its bucket: expected s3://${place.bucket}/NAME`,
    );
  }
  return {
    url: `s3://${place.bucket}/${key}`,
    folder: `runs/s3/${place.bucket}/${key}${rank === null ? "" : `.${rank}`}`,
    within: rank === null ? "" : `ranks/${rank}/`,
  };
}

/** Whether a value of `--out` is an address in an object store. */
export function isStore(out: string): boolean {
  return isS3(out);
}
