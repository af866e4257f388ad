/**
 * The thread that serves the live page of a run and posts its events. It reads metrics.jsonl from disk, so
 * that a page costs the run nothing but the messages with counts of stages, and is answered while a long step
 * holds the main thread.
 *
 * @module
 */
import type { LiveEvent } from "./live_run.ts";
import type { FollowedRun, LiveAnswer, LiveMessage } from "./live_worker.ts";
import type { RunAction } from "./serve_runs.ts";

const module = new URL("./live_worker.ts", import.meta.url);

/** What the thread does. */
export interface LiveOptions {
  /** The runs whose pages are served, at least one. Events of the first are posted. */
  readonly runs: readonly FollowedRun[];
  /** Port of the page on 127.0.0.1, 0 for a free one; null serves no page. */
  readonly port: number | null;
  /** Address to which events are posted; null posts none. */
  readonly url: string | null;
  /** Receives a line about what went wrong and does not end the run. */
  warn(text: string): void;
}

/** A port on which this process may not listen. */
export class PortError extends Error {
  override readonly name = "PortError";
}

/** How a run talks to the thread that serves its page. */
export interface LiveControls {
  /** Shows an event that is not in metrics.jsonl yet. */
  show(event: LiveEvent): void;
  /** Passes on what the buttons of the page ask, until null is given. */
  onAct(act: ((action: RunAction) => void) | null): void;
}

/** A thread that runs. */
export class LiveThread implements LiveControls {
  readonly #worker: Worker;
  readonly #closed: Promise<void>;
  /** Does what a button of the page asks. */
  #act: (action: RunAction) => void = () => {};

  /** `address` is that of the page with its token; null if none is served. */
  private constructor(worker: Worker, readonly address: string | null, closed: Promise<void>) {
    this.#worker = worker;
    this.#closed = closed;
  }

  /** Starts the thread. Throws PortError if the port is taken. */
  static async start({ runs, port, url, warn }: LiveOptions): Promise<LiveThread> {
    const worker = new Worker(module, { type: "module" });
    const started = Promise.withResolvers<LiveThread>(), closed = Promise.withResolvers<void>();
    let thread: LiveThread | null = null;
    worker.onmessage = ({ data }: MessageEvent<LiveAnswer>) => {
      switch (data.type) {
        case "started":
          thread = new LiveThread(worker, data.address, closed.promise);
          return started.resolve(thread);
        case "failed":
          return started.reject(data.portTaken ? new PortError(data.error) : new Error(data.error));
        case "warning":
          return warn(data.text);
        case "act":
          if (thread !== null) thread.#act(data.action);
          return;
        case "closed":
          return closed.resolve();
      }
    };
    worker.onerror = (event) => {
      event.preventDefault();
      started.reject(new Error(event.message));
      closed.resolve();
      warn(`The live page has ended: ${event.message}`);
    };
    worker.postMessage({ type: "start", runs, port, url } satisfies LiveMessage);
    try {
      return await started.promise;
    } catch (error) {
      worker.terminate();
      throw error;
    }
  }

  /** Shows an event of the first run that is not in metrics.jsonl yet. */
  show(event: LiveEvent): void {
    this.of(0).show(event);
  }

  /** Passes on what the buttons of the pages ask, whichever run they show, until null is given. */
  onAct(act: ((action: RunAction) => void) | null): void {
    this.#act = act ?? (() => {});
    this.#worker.postMessage({ type: "acts", acts: act !== null } satisfies LiveMessage);
  }

  /** Returns the controls of the run with index `run`: one run goes on at a time. */
  of(run: number): LiveControls {
    return {
      show: (event) => this.#worker.postMessage({ type: "now", run, event } satisfies LiveMessage),
      onAct: (act) => this.onAct(act),
    };
  }

  /** Lets readers get the last lines, for at most some seconds, and ends the thread. */
  async close(): Promise<void> {
    this.#worker.postMessage({ type: "close" } satisfies LiveMessage);
    await this.#closed;
    this.#worker.terminate();
  }
}
