/**
 * Workers that process frames of items. A worker that takes too long for one item is terminated and replaced:
 * that item is dropped, and the other items that were sent to the worker are processed again.
 *
 * @module
 */
import { Worker } from "node:worker_threads"; // a web worker always keeps the process alive
import type { GroupResult } from "./group.ts";
import { ProgressWatchdog, WorkerProgress } from "./progress_watchdog.ts";
import type { SerializedError, WorkerRequest, WorkerResponse } from "./worker.ts";

type OpenRequest = Extract<WorkerRequest, { kind: "open" }>;

/** The response to a request; null while the request is in flight. */
export interface PendingReply {
  response: WorkerResponse | null;
}

/** Time limit for one item. */
export interface ItemLimit {
  /** Milliseconds of wall-clock time. */
  readonly milliseconds: number;
  /** The reason given for dropping a slower item. */
  readonly reason: string;
}

/** A request in flight. */
interface SentRequest {
  readonly request: WorkerRequest;
  onResponse(response: WorkerResponse): void;
}

/** A position in the pool; its worker may be replaced. */
interface PoolMember {
  worker: Worker;
  watchdog: ProgressWatchdog;
  /** Requests in flight, the oldest first. */
  readonly inFlight: SentRequest[];
  /** Number of items in the frames that the worker has finished. */
  finished: number;
}

const GRACE = 1000; // milliseconds that the workers' stages are given to close

/** A fixed number of workers. */
export class WorkerPool {
  readonly #members: readonly PoolMember[];
  readonly #signal: AbortSignal;
  readonly #limit: ItemLimit | null;
  readonly #timer: ReturnType<typeof setInterval> | undefined;
  readonly #onAbort = (): void => this.#wake();
  #openRequest: OpenRequest | null = null;
  /** Names of the group's stages. */
  #stages: readonly string[] = [];
  #failed: Error | null = null;
  /** Number of calls of `wait` that have not returned. Without any, the workers let the process end. */
  #waiting = 0;
  /** Resolved when a response arrives, a worker fails or the run is aborted. */
  #change: PromiseWithResolvers<void> | null = null;

  constructor(
    count: number,
    { signal, limit = null }: { readonly signal: AbortSignal; readonly limit?: ItemLimit | null },
  ) {
    this.#signal = signal;
    this.#limit = limit;
    signal.addEventListener("abort", this.#onAbort);
    this.#members = Array.from({ length: count }, () => this.#newMember());
    if (limit === null) return;
    this.#timer = setInterval(() => this.#replaceSlow(limit), limit.milliseconds / 4);
    Deno.unrefTimer(this.#timer);
  }

  /** Number of requests in flight at the worker that has the fewest. */
  get fewestInFlight(): number {
    return Math.min(...this.#members.map(({ inFlight }) => inFlight.length));
  }

  /**
   * Sends a request to the worker that has the fewest requests in flight. Throws DataCloneError for an item
   * that cannot be copied.
   */
  send(request: WorkerRequest): PendingReply {
    const freest = this.#members.reduce((a, b) => (b.inFlight.length < a.inFlight.length ? b : a));
    return this.#post(freest, request);
  }

  /** Opens the group in each worker. */
  async open(group: Pick<OpenRequest, "group" | "options">): Promise<WorkerResponse[]> {
    this.#openRequest = { kind: "open", ...group };
    const responses = await this.#broadcast(this.#openRequest);
    this.#stages = responses[0].result.tallies.map(({ name }) => name);
    return responses;
  }

  /** Waits for a response. Rejects if a worker fails, or with the abort signal's reason. */
  async wait(reply: PendingReply): Promise<WorkerResponse> {
    if (this.#waiting++ === 0) { for (const { worker } of this.#members) worker.ref(); }
    try {
      while (reply.response === null) {
        if (this.#failed !== null) throw this.#failed;
        this.#signal.throwIfAborted();
        this.#change = Promise.withResolvers();
        await this.#change.promise;
      }
      return reply.response;
    } finally {
      if (--this.#waiting === 0) { for (const { worker } of this.#members) worker.unref(); }
    }
  }

  /** Closes the stages, unless the run was aborted, and terminates the workers. */
  async close(): Promise<void> {
    this.#signal.removeEventListener("abort", this.#onAbort);
    const grace = Promise.withResolvers<null>();
    const timer = setTimeout(grace.resolve, GRACE, null);
    try {
      if (this.#failed !== null || this.#signal.aborted) return;
      const responses = await Promise.race([this.#broadcast({ kind: "close" }), grace.promise]);
      const error = responses?.find(({ error }) => error !== null)?.error;
      if (error) throw revivedError(error);
    } finally {
      clearTimeout(timer);
      this.terminate();
    }
  }

  /** Terminates the workers at once. */
  terminate(): void {
    clearInterval(this.#timer);
    for (const { worker } of this.#members) worker.terminate();
  }

  /** Sends the same request to all workers and waits for the responses. */
  async #broadcast(request: WorkerRequest): Promise<WorkerResponse[]> {
    const responses: WorkerResponse[] = [];
    for (const reply of this.#members.map((member) => this.#post(member, request))) {
      responses.push(await this.wait(reply));
    }
    return responses;
  }

  #newMember(): PoolMember {
    const member: PoolMember = { inFlight: [], finished: 0, ...this.#startWorker(() => member) };
    return member;
  }

  #startWorker(memberOf: () => PoolMember): Pick<PoolMember, "worker" | "watchdog"> {
    const worker = new Worker(entryPoint(), { env: {} });
    if (this.#waiting === 0) worker.unref();
    const progress = new WorkerProgress();
    worker.on("message", (response: WorkerResponse) => {
      const member = memberOf();
      if (member.worker !== worker) return; // the worker was replaced, and its frames are processed again
      const sent = member.inFlight.shift();
      if (sent?.request.kind === "frame") member.finished += sent.request.items.length;
      sent?.onResponse(response);
      this.#wake();
    });
    worker.on("messageerror", () => this.#fail("a result could not be read"));
    worker.on("error", (error: Error) => this.#fail(error.message));
    worker.postMessage({ kind: "progress", memory: progress.memory } satisfies WorkerRequest);
    return { worker, watchdog: new ProgressWatchdog(progress) };
  }

  #post(member: PoolMember, request: WorkerRequest): PendingReply {
    const reply: PendingReply = { response: null };
    this.#postTo(member, { request, onResponse: (response) => reply.response = response });
    return reply;
  }

  #postTo(member: PoolMember, sent: SentRequest): void {
    member.worker.postMessage(sent.request);
    member.inFlight.push(sent);
  }

  /** Replaces the workers that have been processing one item for too long. */
  #replaceSlow({ milliseconds, reason }: ItemLimit): void {
    const now = performance.now();
    for (const member of this.#members) {
      if (member.watchdog.timeAtItem(now) > milliseconds) this.#replace(member, reason);
    }
  }

  /**
   * Starts a new worker, which processes all items in flight except the one that the old worker was
   * processing.
   */
  #replace(member: PoolMember, reason: string): void {
    const { begun, progress } = member.watchdog, { stage } = progress;
    if (progress.begun !== begun) return; // the worker has finished the slow item since it was measured
    const at = begun - member.finished - 1, oldest = member.inFlight[0]?.request;
    if (oldest?.kind !== "frame" || at >= oldest.items.length) return; // the item has just been finished
    member.worker.terminate();
    const [first, ...rest] = member.inFlight.splice(0);
    Object.assign(member, { finished: 0, ...this.#startWorker(() => member) });
    if (this.#openRequest !== null) {
      this.#postTo(member, { request: this.#openRequest, onResponse: () => {} });
    }
    this.#postAround(member, { first, at, dropped: this.#dropped(oldest.items[at], { reason, stage }) });
    for (const sent of rest) this.#postTo(member, sent);
  }

  /** Sends a frame again in two parts, without the item at index `at`, and joins the results. */
  #postAround(
    member: PoolMember,
    { first: { request, onResponse }, at, dropped }: {
      readonly first: SentRequest;
      readonly at: number;
      readonly dropped: GroupResult;
    },
  ): void {
    if (request.kind !== "frame") return;
    let before: WorkerResponse | null = null;
    this.#postTo(member, {
      request: { kind: "frame", items: request.items.slice(0, at) },
      onResponse: (response) => before = response,
    });
    this.#postTo(member, {
      request: { kind: "frame", items: request.items.slice(at + 1) },
      onResponse: (after) =>
        onResponse(
          before === null || before.error !== null ? before ?? after : joined(before, dropped, after),
        ),
    });
  }

  /**
   * Returns the result of a dropped item: the stages before `stage` have passed it on, and `stage` has
   * dropped it.
   */
  #dropped(
    item: unknown,
    { reason, stage }: { readonly reason: string; readonly stage: number },
  ): GroupResult {
    const name = this.#stages[stage];
    const keepsRejects = this.#openRequest?.options.keepsRejects ?? false;
    return {
      outcomes: keepsRejects ? [{ kind: "reject", reject: { item, reason, stage: name } }] : [],
      tallies: this.#stages.slice(0, stage + 1).map((passed, i) => ({
        name: passed,
        in: 1,
        out: i < stage ? 1 : 0,
        dropped: i < stage ? {} : { [reason]: 1 },
        busy: i < stage ? 0 : this.#limit?.milliseconds ?? 0,
      })),
    };
  }

  #fail(message: string): void {
    this.#failed ??= new Error(`A worker has failed: ${message}`);
    this.#wake();
  }

  #wake(): void {
    this.#change?.resolve();
  }
}

/**
 * The address of a worker's code. `Worker` takes no address of a server, so a `data:` module imports from it.
 */
function entryPoint(): URL {
  const url = new URL(import.meta.resolve("./worker.ts"));
  if (url.protocol === "file:") return url;
  return new URL(`data:text/javascript,import ${encodeURIComponent(JSON.stringify(url.href))}`);
}

function joined(before: WorkerResponse, dropped: GroupResult, after: WorkerResponse): WorkerResponse {
  return {
    result: {
      outcomes: [...before.result.outcomes, ...dropped.outcomes, ...after.result.outcomes],
      tallies: [...before.result.tallies, ...dropped.tallies, ...after.result.tallies],
    },
    error: after.error,
  };
}

/**
 * Returns the error that a worker sent. It has its original class if this thread has a class of that name.
 */
export function revivedError({ name, message, stack, cause }: SerializedError): Error {
  const classes: Readonly<Record<string, unknown>> = { ...Deno.errors, TypeError, RangeError, SyntaxError };
  const found = Object.hasOwn(classes, name) ? classes[name] : Error;
  const options = cause === undefined ? {} : { cause: revivedError(cause) };
  const error: unknown = typeof found === "function" ? Reflect.construct(found, [message, options]) : null;
  if (!(error instanceof Error)) return new Error(message, options);
  if (error.name !== name) error.name = name;
  if (stack !== undefined) error.stack = stack;
  return error;
}
