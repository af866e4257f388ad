import { deepStrictEqual, match } from "node:assert/strict";
import { disk } from "../../../../stages/disk/disk.ts";
import { eventStream } from "../../../../stages/report/live/event_stream.ts";
import { LineFollower } from "../../../../stages/report/live/line_follower.ts";
import { postEvents } from "../../../../stages/report/live/post_events.ts";
import { beforeDeadline } from "../../../deadline.ts";
import { withFolder } from "../../../temporary.ts";

/** Calls `work` with a follower of a file that has these lines, and has read them. */
function withFollower(
  lines: readonly string[],
  work: (follower: LineFollower, path: string) => Promise<void>,
): Promise<void> {
  return withFolder(async (dir) => {
    const path = `${dir}/metrics.jsonl`, follower = new LineFollower(path);
    await Deno.writeTextFile(path, textOf(lines));
    await follower.poll();
    await work(follower, path);
  });
}

function textOf(lines: readonly string[]): string {
  return lines.map((line) => `${line}\n`).join("");
}

const note = (text: string) => JSON.stringify({ type: "note", text });

Deno.test("poll() finds a line that was written after the poll under way had looked at the file", () =>
  withFollower(["a"], async (follower, path) => {
    const { stat } = Deno;
    Deno.stat = async (...args) => {
      const info = await stat(...args);
      Deno.stat = stat;
      await Deno.writeTextFile(path, "b\n", { append: true });
      last = follower.poll();
      return info;
    };
    let last: Promise<void> | null = null;
    await follower.poll();
    await last;
    deepStrictEqual(follower.lines, 2);
  }));

Deno.test("read() returns no lines of a file that is truncated while it is opened", () =>
  withFollower(["first", "second"], async (follower, path) => {
    const { open } = disk, { next } = await follower.read({ line: 0, offset: 0 });
    await Deno.writeTextFile(path, "third\n", { append: true });
    await follower.poll();
    disk.open = async (...args) => {
      disk.open = open;
      await Deno.writeTextFile(path, "new\n");
      await follower.poll();
      return await open(...args);
    };
    deepStrictEqual(await follower.read(next), { lines: [], next });
    deepStrictEqual((await follower.read({ line: 0, offset: 0 })).lines, ["new"]);
  }));

Deno.test("a stream starts anew if the file is replaced while its position is looked for", () =>
  withFollower([note("one"), note("two")], async (follower, path) => {
    const position = follower.position.bind(follower);
    follower.position = async (line) => {
      const found = await position(line);
      await Deno.writeTextFile(path, textOf([note("anew")]));
      await follower.poll();
      return found;
    };
    const closing = AbortSignal.abort(); // the stream ends after the lines that are there
    const stream = eventStream([{ follower, after: 1, epoch: 0 }], { closing });
    const text = await beforeDeadline(new Response(stream).text());
    match(text, /^event: reset\n.*\n.*\n\ndata: .*"anew".*\nid: 1\n\n$/);
  }));

Deno.test("postEvents() does not wait for a further line if one arrives just after it has read", () =>
  withFollower([], async (follower, path) => {
    const posted = Promise.withResolvers<string>(), closing = new AbortController();
    const server = Deno.serve({ hostname: "127.0.0.1", port: 0, onListen: () => {} }, async (request) => {
      posted.resolve(await request.text());
      return new Response();
    });
    const read = follower.read.bind(follower);
    follower.read = async (position) => {
      const found = await read(position);
      follower.read = read;
      await Deno.writeTextFile(path, "line\n");
      await follower.poll();
      return found;
    };
    const done = postEvents(follower, {
      url: `http://127.0.0.1:${server.addr.port}`,
      closing: closing.signal,
      stop: new AbortController().signal,
      failed: (why) => posted.reject(new Error(why)),
    });
    try {
      deepStrictEqual(await beforeDeadline(posted.promise), "line\n");
    } finally {
      closing.abort();
      await done;
      await server.shutdown();
    }
  }));

Deno.test("postEvents() marks each request that begins with the first line, until a receiver has taken it", () =>
  withFollower([note("one")], async (follower, path) => {
    const posted: string[] = [], closing = new AbortController();
    const answers = [503, 200, 200, 200], failures: string[] = [];
    let taken = Promise.withResolvers<void>();
    const server = Deno.serve({ hostname: "127.0.0.1", port: 0, onListen: () => {} }, async (request) => {
      const { headers } = request, status = answers.shift() ?? 200;
      await request.body?.cancel();
      posted.push(`${headers.get("last-event-id")} ${headers.get("x-events-reset") ?? "-"}`);
      if (status === 200) taken.resolve();
      return new Response(null, { status });
    });
    const done = postEvents(follower, {
      url: `http://127.0.0.1:${server.addr.port}`,
      closing: closing.signal,
      stop: new AbortController().signal,
      failed: (why) => failures.push(why),
      pause: 1,
    });
    const write = async (text: string, options: Deno.WriteFileOptions = {}) => {
      await beforeDeadline(taken.promise);
      taken = Promise.withResolvers();
      await Deno.writeTextFile(path, text, options);
      await follower.poll();
    };
    try {
      await write(textOf([note("two")]), { append: true });
      await write(textOf([note("anew")]));
      await beforeDeadline(taken.promise);
    } finally {
      closing.abort();
      await done;
      await server.shutdown();
    }
    deepStrictEqual(posted, ["1 1", "1 1", "2 -", "1 1"]);
    deepStrictEqual(failures.length, 1);
  }));
