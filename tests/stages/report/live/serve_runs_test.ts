import { deepStrictEqual, match, ok, strictEqual } from "node:assert/strict";
import { connect } from "node:net";
import { encodeEvent } from "../../../../stages/flow/event_json.ts";
import type { RunEvent } from "../../../../stages/flow/events.ts";
import { LiveRun } from "../../../../stages/report/live/live_run.ts";
import { RemovedReader, type RemovedSample } from "../../../../stages/report/removed_samples.ts";
import { MOST_READERS, type RunServer, serveRuns } from "../../../../stages/report/live/serve_runs.ts";
import { beforeDeadline } from "../../../deadline.ts";
import { withFolder } from "../../../temporary.ts";
import { runEvents, stageEvent, stepEvent } from "../events.ts";
import { Reader } from "./sse.ts";

interface Served {
  readonly server: RunServer;
  readonly run: LiveRun;
  readonly folder: string;
  append(...events: RunEvent[]): Promise<void>;
  events(query?: string): string;
}

async function withServer(
  work: (served: Served) => Promise<void>,
  { names = ["a"], keepAlive = 15_000 }: { names?: string[]; keepAlive?: number } = {},
): Promise<void> {
  await withFolder(async (dir) => {
    const runs = await Promise.all(names.map(async (name) => {
      await Deno.mkdir(`${dir}/${name}`);
      return new LiveRun(name, `${dir}/${name}`);
    }));
    const server = serveRuns({ port: 0, runs: () => runs, pollEvery: 10, keepAlive });
    const [run] = runs;
    try {
      await work({
        server,
        run,
        folder: run.folder,
        append: async (...events) => {
          const text = events.map((event) => `${encodeEvent(event)}\n`).join("");
          await Deno.writeTextFile(`${run.folder}/metrics.jsonl`, text, { append: true });
        },
        events: (query = "") => `http://127.0.0.1:${server.port}/events?token=${server.token}${query}`,
      });
    } finally {
      await beforeDeadline(server.close());
    }
  });
}

const steps = (from: number, to: number): RunEvent[] =>
  Array.from({ length: to - from }, (_, i) => stepEvent(from + i));

Deno.test("serveRuns() gives a late reader the past and then each new line, with line numbers as ids", () =>
  withServer(async ({ append, events }) => {
    await append(...steps(0, 3));
    const reader = await Reader.open(events());
    const past = await reader.take(3);
    deepStrictEqual(past.map(({ id }) => id), ["1", "2", "3"]);
    deepStrictEqual(JSON.parse(past[2].data), stepEvent(2));
    await append(stepEvent(3));
    const [live] = await reader.take(1);
    deepStrictEqual([live.id, JSON.parse(live.data)], ["4", stepEvent(3)]);
    await reader.close();
  }));

Deno.test("serveRuns() serves a run whose file does not exist yet, and a line only once it is complete", () =>
  withServer(async ({ append, events, folder }) => {
    const reader = await Reader.open(events());
    await Deno.writeTextFile(`${folder}/metrics.jsonl`, encodeEvent(stepEvent(0)).slice(0, 20));
    await Deno.writeTextFile(`${folder}/metrics.jsonl`, `${encodeEvent(stepEvent(0)).slice(20)}\n`, {
      append: true,
    });
    await append(stepEvent(1));
    deepStrictEqual((await reader.take(2)).map(({ data }) => JSON.parse(data).step), [0, 1]);
    await reader.close();
  }));

Deno.test("serveRuns() continues after Last-Event-ID, and over ids that are many lines apart", () =>
  withServer(async ({ append, events }) => {
    await append(...steps(0, 2000));
    for (const after of [0, 1, 255, 256, 257, 511, 1999]) {
      const reader = await Reader.open(events(), { "last-event-id": String(after) });
      const [first] = await reader.take(1);
      deepStrictEqual([first.id, JSON.parse(first.data).step], [String(after + 1), after]);
      await reader.close();
    }
    const reader = await Reader.open(events("&after=1998"));
    deepStrictEqual((await reader.take(2)).map(({ id }) => id), ["1999", "2000"]);
    await reader.close();
    strictEqual((await fetch(events(), { headers: { "last-event-id": "x" } })).status, 400);
  }));

Deno.test("serveRuns() tells readers to start anew when a resume has truncated the file", () =>
  withServer(async ({ append, events, folder }) => {
    await append(...steps(0, 10));
    const reader = await Reader.open(events());
    await reader.take(10);
    const text = await Deno.readTextFile(`${folder}/metrics.jsonl`);
    await Deno.writeTextFile(`${folder}/metrics.jsonl`, text.split("\n").slice(0, 4).join("\n") + "\n");
    const [reset] = await reader.take(1, "reset");
    deepStrictEqual(JSON.parse(reset.data), { run: 0, epoch: 1 });
    deepStrictEqual((await reader.take(4)).map(({ id }) => id), ["1", "2", "3", "4"]);
    await append(stepEvent(4));
    strictEqual((await reader.take(1))[0].id, "5");
    await reader.close();
    // A reader that was away meanwhile has lines of the earlier epoch.
    const late = await Reader.open(events("&epoch=0"), { "last-event-id": "3" });
    await late.take(1, "reset");
    strictEqual((await late.take(1))[0].id, "1");
    await late.close();
  }));

Deno.test("serveRuns() notices a file that was replaced by one of the same length", () =>
  withServer(async ({ append, events, folder }) => {
    await append(...steps(0, 9));
    const reader = await Reader.open(events());
    await reader.take(9);
    await Deno.remove(`${folder}/metrics.jsonl`);
    await append(...steps(1, 10));
    await reader.take(1, "reset");
    strictEqual(JSON.parse((await reader.take(1))[0].data).step, 1);
    await reader.close();
  }));

Deno.test("serveRuns() refuses a wrong token, Host, Origin, method, path and run", () =>
  withServer(async ({ server: { port, token }, events }) => {
    const page = `http://127.0.0.1:${port}/`;
    const status = async (address: string, options: RequestInit = {}) => {
      const response = await fetch(address, options);
      await response.body?.cancel();
      return response.status;
    };
    strictEqual(await status(`${page}?token=${token}`), 200);
    strictEqual(await status(`http://localhost:${port}/?token=${token}`), 200);
    strictEqual(await status(page), 401);
    strictEqual(await status(`${page}?token=${token.slice(1)}`), 401);
    strictEqual(await status(events().replace(token, "0".repeat(32))), 401);
    strictEqual(await status(`${page}?token=${token}`, { method: "POST", body: "x" }), 405);
    strictEqual(await status(`${page}x?token=${token}`), 404);
    strictEqual(await status(`${page}?token=${token}&run=b`), 404);
    const own = { headers: { origin: `http://127.0.0.1:${port}` } };
    strictEqual(await status(`${page}?token=${token}`, own), 200);
    for (
      const origin of ["http://evil.test", `https://127.0.0.1:${port}`, `http://localhost:${port}`, "null"]
    ) {
      strictEqual(await status(`${page}?token=${token}`, { headers: { origin } }), 403, origin);
    }
    for (const host of ["evil.test", `evil.test:${port}`, "127.0.0.1", `127.0.0.1:${port}.evil.test`, ""]) {
      match(
        await raw(port, `GET /?token=${token} HTTP/1.1\r\nHost: ${host}\r\nConnection: close\r\n\r\n`),
        /^HTTP\/1.1 40[03]/,
      );
    }
    match(
      await raw(
        port,
        `GET /?token=${token} HTTP/1.1\r\nHost: LOCALHOST:${port}\r\nConnection: close\r\n\r\n`,
      ),
      /^HTTP\/1.1 200/,
    );
  }));

Deno.test("serveRuns() acts only on a POST of its own page, and only where the run can", () =>
  withFolder(async (folder) => {
    const asked: string[] = [];
    let runs = true;
    const act = (action: string) => (asked.push(action), runs);
    const server = serveRuns({ port: 0, runs: () => [new LiveRun("a", folder)], act });
    const { port, token } = server, own = `http://127.0.0.1:${port}`;
    const post = async (path: string, headers: Record<string, string>, method = "POST") => {
      const response = await fetch(`${own}${path}`, { method, headers });
      await response.body?.cancel();
      return response.status;
    };
    try {
      for (const origin of ["http://evil.test", `http://localhost:${port}`, "null", ""]) {
        strictEqual(await post(`/stop?token=${token}`, { origin }), 403, origin);
      }
      strictEqual(await post(`/stop?token=${token}`, {}), 403);
      strictEqual(await post("/stop", { origin: own }), 401);
      strictEqual(await post(`/stop?token=${token.replace(/./, "x")}`, { origin: own }), 401);
      strictEqual(await post(`/stop?token=${token}`, { origin: own }, "GET"), 405);
      strictEqual(await post(`/?token=${token}`, { origin: own }), 405);
      for (const host of ["evil.test", `127.0.0.1:${port}.evil.test`]) {
        match(
          await raw(
            port,
            `POST /stop?token=${token} HTTP/1.1\r\nHost: ${host}\r\nOrigin: http://${host}\r\n\r\n`,
          ),
          /^HTTP\/1.1 40[03]/,
        );
      }
      deepStrictEqual(asked, []);
      strictEqual(await post(`/checkpoint?token=${token}`, { origin: own }), 202);
      strictEqual(await post(`/stop?token=${token}`, { origin: own }), 202);
      runs = false;
      strictEqual(await post(`/stop?token=${token}`, { origin: own }), 409);
      deepStrictEqual(asked, ["checkpoint", "stop", "stop"]);
    } finally {
      await beforeDeadline(server.close());
    }
    const other = serveRuns({ port: 0, runs: () => [new LiveRun("a", folder)] });
    const { address } = other, origin = new URL(address).origin;
    const response = await fetch(address.replace("/?", "/stop?"), { method: "POST", headers: { origin } });
    deepStrictEqual([response.status, await response.text()], [
      404,
      "This page shows runs of other processes\n",
    ]);
    await beforeDeadline(other.close());
  }));

/** Sends bytes, for fetch() sets Host itself, and returns the first kilobyte of the answer. */
async function raw(port: number, request: string): Promise<string> {
  const { promise, resolve, reject } = Promise.withResolvers<string>();
  const socket = connect(port, "127.0.0.1", () => socket.write(request));
  socket.once("data", (data) => resolve(String(data).slice(0, 1000)));
  socket.once("error", reject);
  const answer = await beforeDeadline(promise);
  socket.destroy();
  return answer;
}

Deno.test("serveRuns() listens on loopback alone, and its answers stay out of caches and frames", () =>
  withServer(async ({ server }) => {
    const response = await fetch(server.address);
    const html = await response.text();
    for (const header of ["cache-control", "referrer-policy", "x-frame-options", "x-content-type-options"]) {
      ok(response.headers.has(header), header);
    }
    match(html, /connect-src 'self'/);
    const others = Deno.networkInterfaces().filter(({ family, address }) =>
      family === "IPv4" && !address.startsWith("127.")
    ).map(({ address }) => address);
    for (const address of ["127.0.0.2", ...others]) { // all of 127/8 is this machine on Linux
      const refused = await Deno.connect({ hostname: address, port: server.port }).then(
        (c) => c.close(),
        () => "no",
      );
      strictEqual(refused, "no", address);
    }
  }));

Deno.test("serveRuns() gives many readers all lines, frees closed connections, and refuses one too many", () =>
  withServer(async ({ append, events, server }) => {
    const readers = await Promise.all(Array.from({ length: MOST_READERS }, () => Reader.open(events())));
    strictEqual(server.readers, MOST_READERS);
    const refused = await fetch(events());
    deepStrictEqual([refused.status, refused.headers.get("retry-after")], [503, "5"]);
    await refused.body?.cancel();
    await append(...steps(0, 5));
    for (const all of await Promise.all(readers.map((reader) => reader.take(5)))) {
      deepStrictEqual(all.map(({ id }) => id), ["1", "2", "3", "4", "5"]);
    }
    await Promise.all(readers.map((reader) => reader.close()));
    await beforeDeadline((async () => {
      while (server.readers > 0) await new Promise((resolve) => setTimeout(resolve, 10));
    })());
    const again = await Reader.open(events());
    await again.take(5);
    await again.close();
  }, { keepAlive: 50 }));

Deno.test("a reader that reads nothing holds up neither other readers nor the end", () =>
  withServer(async ({ append, events, server }) => {
    const text = "x".repeat(100_000);
    await append(...Array.from({ length: 400 }, (_, step): RunEvent => ({ type: "sample", step, text })));
    const slow = connect(server.port, "127.0.0.1", () => {
      slow.pause();
      slow.write(
        `GET ${events().replace(/^http:\/\/[^/]+/, "")} HTTP/1.1\r\nHost: 127.0.0.1:${server.port}\r\n\r\n`,
      );
    });
    slow.on("error", () => {});
    const reader = await Reader.open(events("&after=390"));
    strictEqual((await reader.take(10)).at(-1)?.id, "400");
    await reader.close();
    await beforeDeadline(server.close());
    slow.destroy();
  }));

Deno.test("RunServer.close() lets readers get the last lines and ends their streams", () =>
  withServer(async ({ append, events, server }) => {
    await append(...runEvents(2));
    const reader = await Reader.open(events());
    await reader.take(1);
    await append({ type: "done", reason: "aborted" });
    const closed = server.close();
    const rest: string[] = [];
    for (let message = await reader.next(); message !== null; message = await reader.next()) {
      if (message.event === "message") rest.push(JSON.parse(message.data).type);
    }
    strictEqual(rest.at(-1), "done");
    await beforeDeadline(closed);
    strictEqual(server.readers, 0);
  }));

Deno.test("serveRuns() sends counts of stages that have no line yet, and sums over all lines", () =>
  withServer(async ({ append, events, run }) => {
    await append({ type: "run", pipeline: "p" }, stageEvent("source", { out: 3, busy: 1 }));
    const reader = await Reader.open(events());
    await reader.take(2);
    const [state] = await reader.take(1, "state");
    deepStrictEqual([state.id, JSON.parse(state.data).stages[0].kept], ["", 3]);
    const event = stageEvent("source", { out: 9, busy: 2 });
    if (event.type === "stage") run.takeNow(event);
    const [now] = await reader.take(1, "now");
    strictEqual(JSON.parse(now.data)[0][0].out, 9);
    await append(stageEvent("source", { out: 11, busy: 2 }));
    const [later] = await reader.take(1, "state");
    strictEqual(JSON.parse(later.data).stages[0].kept, 11);
    deepStrictEqual(run.now, []); // the line is newer
    await reader.close();
  }));

Deno.test("serveRuns() streams several runs with the line number of each as id", () =>
  withServer(async ({ append, events, folder }) => {
    await append(...steps(0, 2));
    const other = `${folder}/../b/metrics.jsonl`;
    await Deno.writeTextFile(other, `${encodeEvent(stepEvent(7))}\n`);
    const reader = await Reader.open(events("&run=a&run=b"));
    deepStrictEqual((await reader.take(2, "run0")).map(({ id }) => id), ["1,0", "2,0"]);
    deepStrictEqual((await reader.take(1, "run1")).map(({ id }) => id), ["2,1"]);
    await reader.close();
    const again = await Reader.open(events("&run=a&run=b"), { "last-event-id": "1,1" });
    strictEqual((await again.take(1, "run0"))[0].id, "2,1");
    await again.close();
  }, { names: ["a", "b"] }));

Deno.test("the page contains the past, and says after which line to go on", () =>
  withServer(async ({ append, server }) => {
    await append(...runEvents(30));
    const html = await (await fetch(server.address)).text();
    const run = JSON.parse(/<script id="run"[^>]*>(.*?)<\/script>/s.exec(html)?.[1] ?? "");
    const [{ quiet, ...start }] = run.live.runs;
    deepStrictEqual(start, { name: "a", lines: runEvents(30).length, epoch: 0 });
    ok(quiet >= 0, `${quiet}`);
    strictEqual(run.events.filter(({ type }: RunEvent) => type === "step").length, 30);
    strictEqual(run.stages[1].name, "language");
  }));

Deno.test("a run whose folder has another name for a while stays as it is, and its readers continue", () =>
  withServer(async ({ append, events, folder, run, server }) => {
    await append(...steps(0, 3));
    await Deno.writeTextFile(`${folder}/config.json`, '{"options":{"steps":9}}');
    const reader = await Reader.open(events("&after=0&epoch=0"));
    await reader.take(3);
    await run.refresh();
    await Deno.rename(folder, `${folder}-2`);
    await run.refresh();
    ok(run.follower.isGone);
    deepStrictEqual([run.follower.lines, run.page.options], [3, { steps: 9 }]);
    strictEqual((await fetch(server.address)).status, 200);
    await Deno.rename(`${folder}-2`, folder);
    await append(stepEvent(3));
    let next = await reader.next();
    while (next?.event === "now" || next?.event === "state") next = await reader.next();
    deepStrictEqual([next?.event, next?.id], ["message", "4"]);
    await reader.close();
  }));

Deno.test("another file in place of one that was gone is read from its first line", () =>
  withServer(async ({ append, events, folder, run }) => {
    await append(...steps(0, 9));
    const reader = await Reader.open(events());
    await reader.take(9);
    await Deno.remove(`${folder}/metrics.jsonl`);
    await run.follower.poll();
    await append(...steps(1, 10)); // as long as the first
    await reader.take(1, "reset");
    strictEqual(JSON.parse((await reader.take(1))[0].data).step, 1);
    await reader.close();
  }));

Deno.test("a run that cannot be read does not hide the others", () =>
  withServer(async ({ append, events, folder, server }) => {
    await append(...runEvents(30));
    await Deno.mkdir(`${folder}/../b/metrics.jsonl`); // no file
    const html = await (await fetch(server.address)).text();
    const page = JSON.parse(/<script id="run"[^>]*>(.*?)<\/script>/s.exec(html)?.[1] ?? "");
    deepStrictEqual([page.events.length > 30, page.others.length], [true, 1]);
    const reader = await Reader.open(events());
    strictEqual((await reader.take(1, "run0"))[0].id, "1,0");
    await reader.close();
    const alone = await fetch(`${server.address}&run=b`);
    strictEqual(alone.status, 500);
    match(await alone.text(), /The page failed: Cannot read the run b: /);
  }, { names: ["a", "b"] }));

/** Calls `work` while dropped documents are read by another function. */
async function withReading(read: RemovedReader["read"], work: () => Promise<void>): Promise<void> {
  const own = RemovedReader.prototype.read;
  RemovedReader.prototype.read = read;
  try {
    await work();
  } finally {
    RemovedReader.prototype.read = own;
  }
}

Deno.test("serveRuns() answers and sends new lines while dropped documents are read, and then the samples", () =>
  withServer(async ({ append, events, server }) => {
    const reading = Promise.withResolvers<RemovedSample[]>();
    await withReading(() => reading.promise, async () => {
      await append(stepEvent(0));
      await (await beforeDeadline(fetch(server.address))).text();
      const reader = await Reader.open(events());
      await reader.take(1);
      await append(stepEvent(1));
      strictEqual((await reader.take(1))[0].id, "2");
      reading.resolve([{ stage: "c4", reason: "short", id: "1", text: "text", length: 4 }]);
      let removed: RemovedSample[] = [];
      while (removed.length === 0) ({ removed } = JSON.parse((await reader.take(1, "state"))[0].data));
      strictEqual(removed[0].reason, "short");
      await reader.close();
    });
  }));

Deno.test("serveRuns() shows a run whose dropped documents cannot be read, and says why they are missing", () =>
  withServer(async ({ append, events }) => {
    const { error } = console, said = Promise.withResolvers<string>();
    console.error = said.resolve;
    try {
      await withReading(() => Promise.reject(new Error("a fault")), async () => {
        await append(stepEvent(0));
        const reader = await Reader.open(events());
        await reader.take(1);
        strictEqual(
          await beforeDeadline(said.promise),
          "live page: Cannot read what a has dropped: a fault",
        );
        await append(stepEvent(1));
        strictEqual((await reader.take(1))[0].id, "2");
        await reader.close();
      });
    } finally {
      console.error = error;
    }
  }));

Deno.test("RunServer.close() stops reading dropped documents", () =>
  withServer(async ({ append, server }) => {
    let stopped = false;
    const untilAborted = (signal?: AbortSignal) =>
      new Promise<never>((_, reject) =>
        signal?.addEventListener("abort", () => {
          stopped = true;
          reject(signal.reason);
        })
      );
    await withReading(untilAborted, async () => {
      await append(stepEvent(0));
      await (await beforeDeadline(fetch(server.address))).text();
      await beforeDeadline(server.close());
      strictEqual(stopped, true);
    });
  }));
