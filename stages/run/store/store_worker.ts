/**
 * The code of the worker of a StoreThread.
 *
 * @module
 */
import { reasonOf } from "../../disk/file_error.ts";
import type { RetryOptions } from "../../format/web/retry.ts";
import { type Claim, StoreTakenError } from "./claim_store.ts";
import { pushRun } from "./push.ts";
import type { StorePlace } from "./store_files.ts";

/** What is to be uploaded. */
export interface PushJob {
  readonly place: StorePlace;
  readonly claim: Claim;
  readonly retry: Omit<RetryOptions, "signal">;
}

/** The new claim, or why there is none: `taken` if another process has claimed the run. */
export type PushResult = { readonly claim: Claim } | { readonly error: string; readonly taken: boolean };

// The members of a worker's global scope that are used here. The type checker does not know them, because it
// checks the project as code of a main thread.
const scope = globalThis as unknown as {
  onmessage: (event: MessageEvent<PushJob>) => void;
  postMessage(result: PushResult): void;
};

scope.onmessage = async ({ data: { place, claim, retry } }) => {
  try {
    scope.postMessage({ claim: await pushRun(place, claim, retry) });
  } catch (thrown) {
    scope.postMessage({ error: reasonOf(thrown), taken: thrown instanceof StoreTakenError });
  }
};
