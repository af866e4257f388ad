/**
 * Stops a run after its current step: on Ctrl-C, or when the reader of its output is gone.
 *
 * @module
 */
import type { Writer } from "./display.ts";

/** A request to stop, which may come at any time. */
export class StopRequest {
  readonly #controller = new AbortController();
  readonly #made = Promise.withResolvers<"stopped">();
  #readerGone = false;

  /** Aborted once the run must stop. */
  get signal(): AbortSignal {
    return this.#controller.signal;
  }

  /** Resolves once the run must stop. */
  get made(): Promise<"stopped"> {
    return this.#made.promise;
  }

  /** Whether the request was made because the reader of the output is gone. */
  get readerGone(): boolean {
    return this.#readerGone;
  }

  /** Makes the request. */
  make(): void {
    this.#controller.abort();
    this.#made.resolve("stopped");
  }

  /** Wraps a writer: where its reader is gone, the run stops in place of failing. */
  guard(write: Writer): Writer {
    return (text) => {
      try {
        write(text);
      } catch (error) {
        if (!(error instanceof Deno.errors.BrokenPipe)) throw error;
        this.#readerGone = true;
        this.make();
      }
    };
  }
}
