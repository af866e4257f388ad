/**
 * The HTTP server of live pages.
 *
 * @module
 */
import { setTimeout as delay } from "node:timers/promises";
import { reportPageOf } from "../report.ts";
import { eventStream } from "./event_stream.ts";
import { newToken, pageHeaders, refusal, refused } from "./guard.ts";
import type { LiveRun } from "./live_run.ts";
import { type Offer, Offers, STATE_EVERY, StateMessages } from "./state_messages.ts";

/** How runs are served. */
export interface ServeOptions {
  /** Port on 127.0.0.1; 0 takes a free one. */
  readonly port: number;
  /** Secret in the address. Default: a new random one. */
  readonly token?: string;
  /** Returns the runs that may be read, in the order in which pages list them. */
  runs(): readonly LiveRun[] | Promise<readonly LiveRun[]>;
  /**
   * Does what a reader asks of the run; returns whether the run can still do it. Default: readers can only
   * look.
   */
  act?(action: RunAction): boolean;
  /** Returns whether a run can do now what a reader asks. Default: it can. */
  canAct?(): boolean;
  /** Milliseconds between looks at the files that someone reads. Default 200. */
  readonly pollEvery?: number;
  /** Milliseconds between comments on an idle stream. Default 15,000. */
  readonly keepAlive?: number;
}

/** What the buttons of a page ask of a run: to write a checkpoint now, or to stop with one. */
export type RunAction = "checkpoint" | "stop";

/** What a page is told after it has asked. */
const answers: Readonly<Record<RunAction, string>> = {
  checkpoint: "A checkpoint follows after this step",
  stop: "The run stops after this step, with a checkpoint",
};

/** A server that runs. */
export interface RunServer {
  /** Address to open, with the token. */
  readonly address: string;
  readonly port: number;
  readonly token: string;
  /** Number of open event streams. */
  readonly readers: number;
  /**
   * Stops listening and ends each stream once its reader has all lines. Resolves after a second at most; the
   * connection of a reader that has not read by then stays open until the process or worker ends.
   */
  close(): Promise<void>;
}

/** Open event streams: more are refused, since each may hold a chunk of a file in memory. */
export const MOST_READERS = 64;
/** Runs that one page shows over each other. */
export const MOST_COMPARED = 12;
const CLOSE_WITHIN = 1000; // milliseconds: a reader that reads nothing must not hold up the end of a run

/**
 * Serves pages and event streams of runs on 127.0.0.1. `/` is the page of all runs, `/?run=NAME` that of one
 * (repeatable); `/events?run=NAME&after=LINES` is the stream, which also continues after a Last-Event-ID.
 * Throws an error of `isPortError` if the port cannot be used.
 */
export function serveRuns(options: ServeOptions): RunServer {
  const token = options.token ?? newToken(), closing = new AbortController(), offers = new Offers();
  const open = new Set<readonly LiveRun[]>();
  let port = options.port;
  const listen = { hostname: "127.0.0.1", port, onListen: () => {}, onError };
  const server = Deno.serve(listen, async (request) => {
    const no = refusal(request, { token, port, acts: (path) => actionOf(path) !== null });
    if (no !== null) return no;
    const url = new URL(request.url), action = actionOf(url.pathname);
    if (action !== null) return act(action);
    const all = await options.runs(), wanted = url.searchParams.getAll("run");
    if (all.length === 0) return refused(404, "The runs that were served here are gone");
    const unknown = wanted.find((name) => !all.some((run) => run.name === name));
    if (unknown !== undefined) return refused(404, `There is no run called ${JSON.stringify(unknown)}`);
    offers.set(offerOf(all));
    const runs = wanted.length === 0 ? all : all.filter(({ name }) => wanted.includes(name));
    const shown = runs.slice(0, MOST_COMPARED);
    if (url.pathname === "/") return await page(shown, request.method);
    if (url.pathname === "/events") return await events(shown, request, url);
    return refused(404, `There is no ${url.pathname} here: the page is at /`);
  });
  port = server.addr.port;

  function act(action: RunAction): Response {
    if (options.act === undefined) return refused(404, "This page shows runs of other processes");
    if (!options.act(action)) {
      return refused(409, "The run cannot do that now: it has not begun or has ended");
    }
    return new Response(`${answers[action]}\n`, {
      status: 202,
      headers: { ...pageHeaders, "content-type": "text/plain; charset=utf-8" },
    });
  }

  function offerOf(all: readonly LiveRun[]): Offer {
    const acts = options.act !== undefined && (options.canAct?.() ?? true);
    return { all: all.map(({ name }) => name), acts };
  }

  async function page(runs: readonly LiveRun[], method: string): Promise<Response> {
    await readEach(runs, (run) => run.look());
    sample(runs);
    const html = reportPageOf(runs.map(({ page }) => page), {
      live: {
        token,
        runs: runs.map(({ name, follower: { lines, epoch, modified } }) => ({
          name,
          lines,
          epoch,
          quiet: modified === null ? null : Math.max(0, (Date.now() - modified) / 1000),
        })),
        ...offers.now,
      },
    });
    return new Response(method === "HEAD" ? null : html, {
      headers: { ...pageHeaders, "content-type": "text/html; charset=utf-8" },
    });
  }

  async function events(runs: readonly LiveRun[], request: Request, url: URL): Promise<Response> {
    if (open.size >= MOST_READERS) {
      return refused(503, `${MOST_READERS} pages are open: close one`, { "retry-after": "5" });
    }
    const after = numbers(request.headers.get("last-event-id") ?? url.searchParams.get("after") ?? "");
    const epochs = numbers(url.searchParams.get("epoch") ?? "");
    if (after === null || epochs === null) {
      return refused(400, "Expected line numbers such as 12, or 12,7 for two runs");
    }
    const headers = { ...pageHeaders, "content-type": "text/event-stream; charset=utf-8" };
    if (request.method === "HEAD") return new Response(null, { headers });
    await readEach(runs, ({ follower }) => follower.poll());
    const reader = [...runs];
    open.add(reader);
    follow();
    const sources = runs.map(({ follower }, i) => ({
      follower,
      after: after[i] ?? 0,
      epoch: epochs[i] ?? null,
    }));
    const state = new StateMessages(runs, offers);
    const stream = eventStream(sources, {
      closing: closing.signal,
      ...(options.keepAlive !== undefined && { keepAlive: options.keepAlive }),
      state: () => state.take(),
      stateChanged: (signal) => state.changed(signal),
      onEnd: () => void open.delete(reader),
    });
    return new Response(stream, { headers });
  }

  const said = new Set<string>(); // each failure is printed once
  function say(failure: string): void {
    if (!said.has(failure)) console.error(`live page: ${failure}`);
    said.add(failure);
  }

  /** Reads runs. One that cannot be read does not hide the others; throws only if none can be read. */
  async function readEach(runs: readonly LiveRun[], read: (run: LiveRun) => Promise<void>): Promise<void> {
    const results = await Promise.allSettled(runs.map(read));
    const failures = results.flatMap((result, i) =>
      result.status === "rejected" ? [`Cannot read the run ${runs[i].name}: ${messageOf(result.reason)}`] : []
    );
    if (failures.length > 0 && failures.length === runs.length) throw new Error(failures[0]);
    failures.forEach(say);
  }

  const sampling = new Set<Promise<void>>();
  /** Starts to read the documents that a run has dropped. Pages of several runs do not show them. */
  function sample([run, ...others]: readonly LiveRun[]): void {
    const { signal } = closing;
    if (others.length > 0 || signal.aborted) return;
    const read: Promise<void> = run.readRemoved({ signal }).catch((error) => {
      if (!signal.aborted) say(`Cannot read what ${run.name} has dropped: ${messageOf(error)}`);
    }).finally(() => sampling.delete(read));
    sampling.add(read);
  }

  let looked = -Infinity;
  /** Looks what pages can offer now. */
  async function lookAround(): Promise<void> {
    if (performance.now() < looked + STATE_EVERY) return;
    looked = performance.now();
    offers.set(offerOf(await options.runs()));
  }

  // Files are looked at only while someone reads them.
  let following = false;
  async function follow(): Promise<void> {
    if (following) return;
    following = true;
    while (open.size > 0 && !closing.signal.aborted) {
      const read = new Set([...open].flat());
      await readEach([...read], (run) => run.follow()).catch((error) => say(messageOf(error)));
      for (const runs of open) sample(runs);
      await lookAround().catch((error) => say(messageOf(error)));
      await delay(options.pollEvery ?? 200);
    }
    following = false;
  }

  let closed: Promise<void> | null = null;
  async function close(): Promise<void> {
    await Promise.allSettled([...new Set([...open].flat())].map((run) => run.follower.poll()));
    closing.abort();
    const late = new AbortController();
    await Promise.race([
      Promise.all([server.shutdown(), ...sampling]),
      delay(CLOSE_WITHIN, undefined, { signal: late.signal }).catch(() => {}),
    ]);
    late.abort();
  }

  return {
    address: `http://127.0.0.1:${port}/?token=${token}`,
    port,
    token,
    get readers() {
      return open.size;
    },
    close: () => closed ??= close(),
  };
}

function actionOf(path: string): RunAction | null {
  return path === "/checkpoint" ? "checkpoint" : path === "/stop" ? "stop" : null;
}

/** Returns whether an error says that this process may not listen on a port, or that the port is taken. */
export function isPortError(error: unknown): error is Error {
  return error instanceof Deno.errors.AddrInUse || error instanceof Deno.errors.PermissionDenied;
}

function onError(error: unknown): Response {
  return refused(500, `The page failed: ${messageOf(error)}`);
}

function messageOf(error: unknown): string {
  return error instanceof Error ? error.message : String(error);
}

/** Returns the numbers of a list such as "12,7"; null if it is none, and an empty list for an empty text. */
function numbers(text: string): number[] | null {
  if (text === "") return [];
  if (!/^\d{1,15}(,\d{1,15})*$/.test(text)) return null;
  return text.split(",").map(Number);
}
