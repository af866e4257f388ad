/**
 * The code of the worker of a LiveThread.
 *
 * @module
 */
import { exists } from "../../disk/whole_files.ts";
import { type LiveEvent, LiveRun } from "./live_run.ts";
import { postEvents } from "./post_events.ts";
import { isPortError, type RunAction, type RunServer, serveRuns } from "./serve_runs.ts";

/** A run that the worker follows. */
export interface FollowedRun {
  /** Name of the run on its page. */
  readonly name: string;
  /** The run's folder, which need not exist yet. */
  readonly folder: string;
}

/** A message to the worker. */
export type LiveMessage =
  | Readonly<
    { type: "start"; runs: readonly FollowedRun[]; port: number | null; url: string | null }
  >
  | Readonly<{ type: "now"; run: number; event: LiveEvent }>
  | Readonly<{ type: "acts"; acts: boolean }>
  | Readonly<{ type: "close" }>;

/** A message from the worker. */
export type LiveAnswer =
  | Readonly<{ type: "started"; address: string | null }>
  | Readonly<{ type: "failed"; portTaken: boolean; error: string }>
  | Readonly<{ type: "warning"; text: string }>
  | Readonly<{ type: "act"; action: RunAction }>
  | Readonly<{ type: "closed" }>;

const POLL_EVERY = 200; // milliseconds

// The members of a worker's global scope that are used here: see checkpoint_worker.ts.
const scope = globalThis as unknown as {
  onmessage: (event: MessageEvent<LiveMessage>) => void;
  postMessage(answer: LiveAnswer): void;
};

let all: readonly LiveRun[] = [], server: RunServer | null = null, poster: Poster | null = null;
let acts = false; // whether a run can do now what a page asks

scope.onmessage = async ({ data }) => {
  if (data.type === "now") return all[data.run]?.takeNow(data.event);
  if (data.type === "acts") {
    acts = data.acts;
    return;
  }
  if (data.type === "close") {
    await Promise.allSettled([server?.close(), poster?.close()]);
    return scope.postMessage({ type: "closed" });
  }
  try {
    const { runs, port, url } = data;
    all = runs.map(({ name, folder }) => new LiveRun(name, folder));
    if (port !== null) server = serveRuns({ port, runs: () => begun(all), act, canAct: () => acts });
    if (url !== null) poster = new Poster(all[0], url);
    scope.postMessage({ type: "started", address: server?.address ?? null });
  } catch (error) {
    scope.postMessage({
      type: "failed",
      portTaken: isPortError(error),
      error: error instanceof Error ? error.message : `${error}`,
    });
  }
};

/** Returns the runs that have begun, or the first if none has. */
async function begun(runs: readonly LiveRun[]): Promise<readonly LiveRun[]> {
  if (runs.length === 1) return runs;
  const has = ({ now, folder }: LiveRun) => now.length > 0 || exists(`${folder}/metrics.jsonl`);
  const there = await Promise.all(runs.map(has));
  const found = runs.filter((_, i) => there[i]);
  return found.length === 0 ? runs.slice(0, 1) : found;
}

function act(action: RunAction): boolean {
  if (acts) scope.postMessage({ type: "act", action });
  return acts;
}

/** Posts the events of a run until it is closed. */
class Poster {
  readonly #run: LiveRun;
  readonly #closing = new AbortController();
  readonly #stop = new AbortController();
  readonly #timer: ReturnType<typeof setInterval>;
  readonly #done: Promise<void>;
  #warned = "";

  constructor(run: LiveRun, url: string) {
    this.#run = run;
    this.#timer = setInterval(() => run.follower.poll().catch(() => {}), POLL_EVERY);
    this.#done = postEvents(run.follower, {
      url,
      closing: this.#closing.signal,
      stop: this.#stop.signal,
      failed: (why) => {
        if (why !== this.#warned) {
          scope.postMessage({ type: "warning", text: `--events: ${why}: trying again` });
        }
        this.#warned = why;
      },
    });
  }

  /** Posts what is left, for at most five seconds. */
  async close(): Promise<void> {
    await this.#run.follower.poll();
    this.#closing.abort();
    const late = setTimeout(() => this.#stop.abort(), 5000);
    await this.#done;
    clearTimeout(late);
    clearInterval(this.#timer);
  }
}
