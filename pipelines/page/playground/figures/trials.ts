/// <reference lib="dom" />
/**
 * Small runs for figures, in a worker of their own, so that they neither stop nor change the run of the page.
 *
 * @module
 */
import type { Answer, Request } from "../protocol.ts";
import type { Settings } from "../settings.ts";
import { startWorker } from "../views/page_files.ts";
import { textOf } from "../views/store.ts";

/** Results of a small run. */
export type TrialResult = Omit<Extract<Answer, { readonly type: "trial" }>, "type" | "id">;

/** Settings of small runs: a second or two each. */
export const trialSettings: Settings = {
  text: "names",
  tokens: "char",
  vocab: 512,
  layers: 1,
  heads: 2,
  channels: 32,
  context: 16,
  batch: 16,
  lr: 1e-2,
  steps: 150,
  seed: 1,
};

let worker: Promise<Worker> | null = null;
let latest = 0;
const waiting = new Map<number, PromiseWithResolvers<TrialResult>>();

/** Trains a small model. Rejects with the worker's reason if that is not possible. */
export async function trial(changed: Partial<Settings>): Promise<TrialResult> {
  const settings = { ...trialSettings, ...changed }, text = await textOf(settings.text), id = ++latest;
  const opened = await (worker ??= openWorker());
  const result = Promise.withResolvers<TrialResult>();
  waiting.set(id, result);
  opened.postMessage({ type: "trial", id, settings, text } satisfies Request);
  return await result.promise;
}

async function openWorker(): Promise<Worker> {
  const opened = await startWorker("figures");
  opened.onmessage = ({ data }: MessageEvent<Answer>) => {
    if (data.type === "trial") waiting.get(data.id)?.resolve(data);
    else if (data.type === "failed" && data.id !== undefined) {
      waiting.get(data.id)?.reject(new Error(data.why));
    } else return;
    waiting.delete(data.id ?? 0);
  };
  opened.onerror = (event) => {
    event.preventDefault();
    for (const { reject } of waiting.values()) reject(new Error(event.message));
    waiting.clear();
    worker = null;
  };
  return opened;
}
