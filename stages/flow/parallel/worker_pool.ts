/**
 * Workers that take frames of items, each with its own row of frames under way. One that is too long at an item is
 * ended and begun anew: that item is lost, the others of its frames are done again.
 *
 * @module
 */
import type { GroupResult } from "./group.ts";
import { ProgressWatchdog, WorkerProgress } from "./progress_watchdog.ts";
import type { SerializedError, WorkerRequest, WorkerResponse } from "./worker.ts";

/** A message's answer: null while it is under way. */
export interface PendingReply {
  answer: WorkerResponse | null;
}

/** How long one item may take. */
export interface ItemLimit {
  /** Of wall-clock time. */
  readonly milliseconds: number;
  /** Why an item is dropped that takes longer. */
  readonly reason: string;
}

/** A message under way, and what to do with its answer. */
interface Sent {
  readonly message: WorkerRequest;
  done(answer: WorkerResponse): void;
}

interface Member {
  worker: Worker;
  watch: ProgressWatchdog;
  readonly under: Sent[];
  /** Items begun before the oldest message under way. */
  before: number;
}

const GRACE = 1000; // milliseconds for the workers' stages to close

/** A fixed number of workers. */
export class WorkerPool {
  readonly #members: readonly Member[];
  readonly #signal: AbortSignal;
  readonly #limit: ItemLimit | null;
  readonly #timer: ReturnType<typeof setInterval> | undefined;
  #opening: Extract<WorkerRequest, { kind: "open" }> | null = null;
  #stages: readonly string[] = [];
  readonly #onAbort = (): void => this.#tell();
  #failed: Error | null = null;
  #news: PromiseWithResolvers<void> | null = null;

  constructor(
    count: number,
    { signal, limit = null }: { readonly signal: AbortSignal; readonly limit?: ItemLimit | null },
  ) {
    this.#signal = signal;
    this.#limit = limit;
    signal.addEventListener("abort", this.#onAbort);
    this.#members = Array.from({ length: count }, () => this.#member());
    if (limit !== null) this.#timer = setInterval(() => this.#look(limit), limit.milliseconds / 4);
  }

  /** The fewest messages that one of them has under way. */
  get least(): number {
    return Math.min(...this.#members.map(({ under }) => under.length));
  }

  /** Gives a message to the worker with the least to do. Throws DataCloneError for what cannot be copied. */
  send(message: WorkerRequest): PendingReply {
    return this.#post(this.#members.reduce((a, b) => (b.under.length < a.under.length ? b : a)), message);
  }

  /** Opens the group in each of them. */
  async open(
    work: Pick<Extract<WorkerRequest, { kind: "open" }>, "work" | "options">,
  ): Promise<WorkerResponse[]> {
    this.#opening = { kind: "open", ...work };
    const answers = await this.broadcast(this.#opening);
    this.#stages = answers[0].result.tallies.map(({ name }) => name);
    return answers;
  }

  /** Sends all of them the same and waits for the answers. */
  async broadcast(message: WorkerRequest): Promise<WorkerResponse[]> {
    const answers: WorkerResponse[] = [];
    for (const reply of this.#members.map((member) => this.#post(member, message))) {
      answers.push(await this.wait(reply));
    }
    return answers;
  }

  /** Waits for an answer. Rejects where a worker ends, or with the abort signal's reason. */
  async wait(reply: PendingReply): Promise<WorkerResponse> {
    while (reply.answer === null) {
      if (this.#failed !== null) throw this.#failed;
      this.#signal.throwIfAborted();
      this.#news = Promise.withResolvers();
      await this.#news.promise;
    }
    return reply.answer;
  }

  /** Lets the stages close, unless the run was aborted, and ends the workers. Rejects with what a close throws. */
  async close(): Promise<void> {
    this.#signal.removeEventListener("abort", this.#onAbort);
    const grace = Promise.withResolvers<null>();
    const timer = setTimeout(grace.resolve, GRACE, null);
    try {
      if (this.#failed !== null || this.#signal.aborted) return;
      const answers = await Promise.race([this.broadcast({ kind: "close" }), grace.promise]);
      const error = answers?.find(({ error }) => error !== null)?.error;
      if (error) throw revivedError(error);
    } finally {
      clearTimeout(timer);
      this.terminate();
    }
  }

  /** Ends the workers, whatever they do. */
  terminate(): void {
    clearInterval(this.#timer);
    for (const { worker } of this.#members) worker.terminate();
  }

  #member(): Member {
    const member: Member = { under: [], before: 0, ...this.#start(() => member) };
    return member;
  }

  #start(member: () => Member): Pick<Member, "worker" | "watch"> {
    const worker = new Worker(import.meta.resolve("./worker.ts"), { type: "module" });
    const progress = new WorkerProgress();
    worker.onmessage = ({ data }: MessageEvent<WorkerResponse>) => {
      const mine = member();
      if (mine.worker !== worker) return; // it was ended, and its items are done again
      const sent = mine.under.shift();
      if (sent?.message.kind === "frame") mine.before += sent.message.items.length;
      sent?.done(data);
      this.#tell();
    };
    worker.onmessageerror = () => this.#fail("a result could not be read");
    worker.onerror = (event) => {
      event.preventDefault(); // else it is reported twice, once without the stage
      this.#fail(event.message);
    };
    worker.postMessage({ kind: "watch", progress: progress.memory } satisfies WorkerRequest);
    return { worker, watch: new ProgressWatchdog(progress) };
  }

  #post(member: Member, message: WorkerRequest): PendingReply {
    const reply: PendingReply = { answer: null };
    this.#give(member, { message, done: (answer) => reply.answer = answer });
    return reply;
  }

  #give(member: Member, sent: Sent): void {
    member.worker.postMessage(sent.message);
    member.under.push(sent);
  }

  /** Ends the workers that are too long at an item. */
  #look({ milliseconds, reason }: ItemLimit): void {
    const now = performance.now();
    for (const member of this.#members) {
      if (member.watch.at(now) > milliseconds) this.#replace(member, reason);
    }
  }

  /** A new worker does what was under way, all but the item that the old one is at. */
  #replace(member: Member, reason: string): void {
    const { begun, stage } = member.watch.progress;
    const at = begun - member.before - 1, oldest = member.under[0]?.message;
    if (oldest?.kind !== "frame" || at >= oldest.items.length) return; // it has gone on in this very moment
    member.worker.terminate();
    const [first, ...rest] = member.under.splice(0);
    Object.assign(member, { before: 0, ...this.#start(() => member) });
    if (this.#opening !== null) this.#give(member, { message: this.#opening, done: () => {} });
    this.#split(member, { first, at, lost: this.#lost(oldest.items[at], { reason, stage }) });
    for (const sent of rest) this.#give(member, sent);
  }

  /** Sends a frame again in two parts, around the lost item. */
  #split(
    member: Member,
    { first: { message, done }, at, lost }: {
      readonly first: Sent;
      readonly at: number;
      readonly lost: GroupResult;
    },
  ): void {
    if (message.kind !== "frame") return;
    let before: WorkerResponse | null = null;
    this.#give(member, {
      message: { kind: "frame", items: message.items.slice(0, at) },
      done: (answer) => before = answer,
    });
    this.#give(member, {
      message: { kind: "frame", items: message.items.slice(at + 1) },
      done: (after) =>
        done(before === null || before.error !== null ? before ?? after : joined(before, lost, after)),
    });
  }

  /** What a lost item counts as: passed by the stages before the one that it was in, dropped there. */
  #lost(item: unknown, { reason, stage }: { readonly reason: string; readonly stage: number }): GroupResult {
    const name = this.#stages[stage];
    const keeps = this.#opening?.options.keeps ?? false;
    return {
      outcomes: keeps ? [{ kind: "reject", reject: { item, reason, stage: name } }] : [],
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
    this.#failed ??= new Error(`A worker ended: ${message}`);
    this.#tell();
  }

  #tell(): void {
    this.#news?.resolve();
  }
}

function joined(before: WorkerResponse, lost: GroupResult, after: WorkerResponse): WorkerResponse {
  return {
    result: {
      outcomes: [...before.result.outcomes, ...lost.outcomes, ...after.result.outcomes],
      tallies: [...before.result.tallies, ...lost.tallies, ...after.result.tallies],
    },
    error: after.error,
  };
}

/** The error that a worker sent, of the class it had where there is one of that name. */
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
