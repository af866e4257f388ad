/**
 * The thread that uploads a run: hashing and sending gigabytes must not delay the run, nor a long step the
 * time limits of requests.
 *
 * @module
 */
import type { RetryOptions } from "../../format/web/retry.ts";
import { type Claim, StoreTakenError } from "./claim_store.ts";
import { pushRun } from "./push.ts";
import type { StorePlace } from "./store_files.ts";
import type { PushJob, PushResult } from "./store_worker.ts";

const module = new URL("./store_worker.ts", import.meta.url);

/** One worker, started when it is first needed. */
export class StoreThread {
  #worker: Worker | null = null;

  /** Does the same as `pushRun`; in this thread without permission to read the worker's module. */
  async push(place: StorePlace, claim: Claim, retry: Omit<RetryOptions, "signal">): Promise<Claim> {
    const { state } = module.protocol === "file:"
      ? await Deno.permissions.query({ name: "read", path: module })
      : { state: "granted" };
    if (state !== "granted") return await pushRun(place, claim, retry);
    const worker = this.#worker ??= new Worker(module, { type: "module" });
    const { promise, resolve, reject } = Promise.withResolvers<PushResult>();
    worker.onmessage = ({ data }: MessageEvent<PushResult>) => resolve(data);
    worker.onerror = (event) => {
      event.preventDefault();
      reject(new Error(event.message));
    };
    worker.postMessage({ place, claim, retry } satisfies PushJob);
    const result = await promise;
    if ("claim" in result) return result.claim;
    throw result.taken ? new StoreTakenError(result.error) : new Error(result.error);
  }

  /** Terminates the worker. */
  close(): void {
    this.#worker?.terminate();
    this.#worker = null;
  }
}
