/**
 * Stops a run after its current step: on Ctrl-C, or when the reader of its output has closed the pipe.
 *
 * @module
 */

import { hasNoReader } from "./console.ts";

/** Writes text; throws an error for which `hasNoReader()` is true once nobody reads it. */
export type Writer = (text: string) => void;

/** A request to stop, which may be made at any time. */
export class StopRequest {
  readonly #controller = new AbortController();
  readonly #made = Promise.withResolvers<"stopped">();
  #readerGone = false;
  #preempted = false;

  /** Aborted once the run must stop. */
  get signal(): AbortSignal {
    return this.#controller.signal;
  }

  /** Resolves once the run must stop. */
  get made(): Promise<"stopped"> {
    return this.#made.promise;
  }

  /** Whether the request was made because the reader of the output has closed the pipe. */
  get readerGone(): boolean {
    return this.#readerGone;
  }

  /** Whether a scheduler asked first, which is no interruption. */
  get preempted(): boolean {
    return this.#preempted;
  }

  /** Makes the request; `preempted` says that a scheduler does. */
  make({ preempted = false }: { readonly preempted?: boolean } = {}): void {
    if (!this.signal.aborted) this.#preempted = preempted;
    this.#controller.abort();
    this.#made.resolve("stopped");
  }

  /** Wraps a writer so that the run stops instead of failing once the reader has closed the pipe. */
  guard(write: Writer): Writer {
    return (text) => {
      try {
        write(text);
      } catch (error) {
        if (!hasNoReader(error)) throw error;
        this.#readerGone = true;
        this.make();
      }
    };
  }
}
