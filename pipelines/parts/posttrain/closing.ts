/**
 * The stage that closes, at the end of a run, what the run has opened.
 *
 * @module
 */
import { type Stage, stage } from "../../../stages/flow/stage.ts";
import type { ModelUpdate } from "../../../stages/model/model_update.ts";

/** Passes updates on, and calls `close` when the run ends, whether or not it failed. */
export function closing(name: string, close: () => void | Promise<void>): Stage<ModelUpdate, ModelUpdate> {
  return stage<ModelUpdate, ModelUpdate, null>({
    name,
    open: () => null,
    push: (update) => [update],
    close: async () => await close(),
  });
}
