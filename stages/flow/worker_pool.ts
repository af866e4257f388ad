/**
 * Workers that take frames of items, each with its own row of frames under way.
 *
 * @module
 */
import type { FromWorker, SentError, ToWorker } from "./worker.ts";

/** A message's answer: null while it is under way. */
export interface Reply {
  answer: FromWorker | null;
}

interface Member {
  readonly worker: Worker;
  readonly under: Reply[];
}

const GRACE = 1000; // milliseconds for the workers' stages to close

/** A fixed number of workers. */
export class WorkerPool {
  readonly #members: readonly Member[];
  readonly #signal: AbortSignal;
  readonly #onAbort = (): void => this.#tell();
  #failed: Error | null = null;
  #news: PromiseWithResolvers<void> | null = null;

  constructor(count: number, signal: AbortSignal) {
    this.#signal = signal;
    signal.addEventListener("abort", this.#onAbort);
    this.#members = Array.from({ length: count }, () => this.#start());
  }

  /** The fewest messages that one of them has under way. */
  get least(): number {
    return Math.min(...this.#members.map(({ under }) => under.length));
  }

  /** Gives a message to the worker with the least to do. Throws DataCloneError for what cannot be copied. */
  send(message: ToWorker): Reply {
    return this.#post(this.#members.reduce((a, b) => (b.under.length < a.under.length ? b : a)), message);
  }

  /** Sends all of them the same and waits for the answers. */
  async broadcast(message: ToWorker): Promise<FromWorker[]> {
    const answers: FromWorker[] = [];
    for (const reply of this.#members.map((member) => this.#post(member, message))) {
      answers.push(await this.wait(reply));
    }
    return answers;
  }

  /** Waits for an answer. Rejects where a worker ends, or with the abort signal's reason. */
  async wait(reply: Reply): Promise<FromWorker> {
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
      if (error) throw received(error);
    } finally {
      clearTimeout(timer);
      this.terminate();
    }
  }

  /** Ends the workers, whatever they do. */
  terminate(): void {
    for (const { worker } of this.#members) worker.terminate();
  }

  #start(): Member {
    const worker = new Worker(import.meta.resolve("./worker.ts"), { type: "module" });
    const member: Member = { worker, under: [] };
    worker.onmessage = ({ data }: MessageEvent<FromWorker>) => {
      const reply = member.under.shift();
      if (reply !== undefined) reply.answer = data;
      this.#tell();
    };
    worker.onmessageerror = () => this.#fail("a result could not be read");
    worker.onerror = (event) => {
      event.preventDefault(); // else it is reported twice, once without the stage
      this.#fail(event.message);
    };
    return member;
  }

  #post(member: Member, message: ToWorker): Reply {
    const reply: Reply = { answer: null };
    member.worker.postMessage(message);
    member.under.push(reply);
    return reply;
  }

  #fail(message: string): void {
    this.#failed ??= new Error(`A worker ended: ${message}`);
    this.#tell();
  }

  #tell(): void {
    this.#news?.resolve();
  }
}

/** The error that a worker sent, of the class it had where there is one of that name. */
export function received({ name, message, stack, cause }: SentError): Error {
  const classes: Readonly<Record<string, unknown>> = { ...Deno.errors, TypeError, RangeError, SyntaxError };
  const found = Object.hasOwn(classes, name) ? classes[name] : Error;
  const options = cause === undefined ? {} : { cause: received(cause) };
  const error: unknown = typeof found === "function" ? Reflect.construct(found, [message, options]) : null;
  if (!(error instanceof Error)) return new Error(message, options);
  if (error.name !== name) error.name = name;
  if (stack !== undefined) error.stack = stack;
  return error;
}
