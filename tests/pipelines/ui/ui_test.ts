/**
 * Tests `--ui`, `--events` and the pipeline `ui` as processes.
 *
 * @module
 */
import { deepStrictEqual, match, ok, strictEqual } from "node:assert/strict";
import { bytesOfTokens } from "../../../stages/format/tokens/token_file.ts";
import { beforeDeadline } from "../../deadline.ts";
import { Reader } from "../../stages/report/live/sse.ts";
import { evenTask, phaseNames, smallAssistant } from "../posttrain/assistant_runs.ts";
import { errorLine, run, runsTo, start, withFolder } from "../program.ts";

const model =
  "train --shard-format nanogpt --vocab-size 31 --layers 1 --heads 2 --channels 16 --seq-len 16 --batch-size 4"
    .split(" ");

async function shardsIn(dir: string): Promise<string[]> {
  const tokens = Uint32Array.from({ length: 5000 }, (_, i) => (i * i) % 31);
  await Deno.writeFile(`${dir}/train.bin`, bytesOfTokens(tokens, 2));
  return [...model, "--train-shards", `${dir}/train.bin`];
}

/** Reads a stream until a match; returns the first group. The rest is read and dropped. */
async function firstMatch(stream: ReadableStream<Uint8Array<ArrayBuffer>>, pattern: RegExp): Promise<string> {
  const reader = stream.pipeThrough(new TextDecoderStream()).getReader();
  let text = "";
  while (true) {
    const { done, value } = await beforeDeadline(reader.read());
    if (done) throw new Error(`No ${pattern} in: ${text}`);
    text += value;
    const found = pattern.exec(text);
    if (found === null) continue;
    (async () => {
      while (!(await reader.read()).done);
    })().catch(() => {});
    return found[1];
  }
}

/** Asks what a button of a page asks; returns the status of the answer. */
async function press(address: string, action: string): Promise<number> {
  const { origin } = new URL(address);
  const response = await beforeDeadline(
    fetch(address.replace("/?", `/${action}?`), { method: "POST", headers: { origin } }),
  );
  await response.body?.cancel();
  return response.status;
}

Deno.test("--ui serves a run from its first line to its end, and its address is in no file", () =>
  withFolder(async (dir) => {
    const out = `${dir}/run`;
    // So many steps that it goes on until this test has opened the stream.
    await using child = start([...await shardsIn(dir), "--steps", "1000000", "--out", out, "--ui"]);
    child.stdout.cancel();
    const address = await firstMatch(child.stderr, /Live page: (http:\S+)\n/);
    const reader = await Reader.open(address.replace("/?", "/events?"));
    const lines: string[] = [];
    for (let message = await reader.next(); message !== null; message = await reader.next()) {
      if (message.event === "message" && lines.push(message.data) === 300) child.kill("SIGINT");
    }
    strictEqual((await beforeDeadline(child.status)).code, 130);
    strictEqual(JSON.parse(lines.at(-1) ?? "").type, "done");
    deepStrictEqual(lines.join("\n") + "\n", await Deno.readTextFile(`${out}/metrics.jsonl`));
    const token = new URL(address).searchParams.get("token") ?? "";
    for (const file of ["config.json", "metrics.jsonl", "report.html"]) {
      ok(!(await Deno.readTextFile(`${out}/${file}`)).includes(token), file);
    }
  }));

Deno.test("a page's buttons take a checkpoint within a step and stop the run as Ctrl-C does", () =>
  withFolder(async (dir) => {
    const out = `${dir}/run`;
    const args = [...await shardsIn(dir), "--steps", "1000000", "--checkpoint-every", "0", "--out", out];
    await using child = start([...args, "--ui"]);
    child.stdout.cancel();
    const address = await firstMatch(child.stderr, /Live page: (http:\S+)\n/);
    const reader = await Reader.open(address.replace("/?", "/events?"));
    const next = async (wanted: (event: { type: string; step: number }) => boolean) => {
      for (let message = await reader.next(); message !== null; message = await reader.next()) {
        if (message.event !== "message") continue;
        const event = JSON.parse(message.data);
        if (wanted(event)) return event;
      }
      throw new Error("The stream has ended");
    };
    await next(({ type, step }) => type === "step" && step >= 3);
    strictEqual(await press(address, "checkpoint"), 202);
    const asked = await next(({ type }) => type === "checkpoint");
    ok(asked.step > 3 && (await Deno.stat(asked.path)).isDirectory);
    await next(({ type, step }) => type === "step" && step > asked.step); // the run goes on
    strictEqual(await press(address, "stop"), 202);
    strictEqual((await next(({ type }) => type === "done")).reason, "interrupted");
    strictEqual((await beforeDeadline(child.status)).code, 130);
    await reader.close().catch(() => {});
  }));

Deno.test("--ui of a run with phases offers each as it begins, and its buttons act on the one that runs", () =>
  withFolder(async (dir) => {
    const out = `${dir}/run`, words = smallAssistant(await evenTask(dir));
    const args = words.map((word) =>
      word.replace(/--steps 12 (.*) --checkpoint-every 3/, "--steps 1000000 $1")
    );
    await using child = start([...args, "--out", out, "--ui"]);
    child.stdout.cancel();
    const address = await firstMatch(child.stderr, /Live page: (http:\S+)\n/);
    const events = (run: string) => Reader.open(address.replace("/?", `/events?run=${run}&`));
    const world = await events("world");
    for (let live = { all: [""], acts: false }; live.all.length < 2 || !live.acts;) {
      const [{ data }] = await world.take(1, "state"); // the page of the first phase is told of the second
      ({ live } = JSON.parse(data));
      ok(live.all.every((name, i) => name === phaseNames[i]), `${live.all}`);
    }
    strictEqual(await press(address, "checkpoint"), 202);
    const base = await events("base");
    const next = async (wanted: string) => {
      while (true) {
        const event = JSON.parse((await base.take(1))[0].data);
        if (event.type === wanted) return event;
      }
    };
    ok((await Deno.stat((await next("checkpoint")).path)).isDirectory);
    strictEqual(await press(address, "stop"), 202);
    strictEqual((await next("done")).reason, "interrupted");
    strictEqual((await beforeDeadline(child.status)).code, 130);
    for (const reader of [world, base]) await reader.close().catch(() => {});
  }));

Deno.test("--ui refuses a port that is taken or none, and leaves no run behind", () =>
  withFolder(async (dir) => {
    using taken = Deno.listen({ hostname: "127.0.0.1", port: 0 });
    const args = [...await shardsIn(dir), "--out", `${dir}/run`];
    const { port } = taken.addr as Deno.NetAddr;
    match(errorLine(await runsTo(2, [...args, "--ui", `${port}`])), /port.*give another --ui PORT/);
    await Deno.stat(`${dir}/run/metrics.jsonl`).then(() => ok(false), () => {});
    for (const bad of ["65536", "0"]) {
      match(errorLine(await runsTo(2, [...args, "--ui", bad])), /port from 1 to 65535/);
    }
    match(errorLine(await runsTo(2, [...args, "--events", "ftp://x"])), /http:\/\/ or https:\/\//);
    match(errorLine(await runsTo(2, ["report", dir, "--ui"])), /--ui does nothing in report/);
  }));

Deno.test("--events posts every line in order, also after a failure", () =>
  withFolder(async (dir) => {
    const got: string[] = [], ids: number[] = [], begins: number[] = [];
    let calls = 0;
    await using server = Deno.serve(
      { hostname: "127.0.0.1", port: 0, onListen: () => {} },
      async (request) => {
        const text = await request.text();
        if (calls++ === 0) return new Response("later", { status: 503 });
        got.push(text);
        ids.push(Number(request.headers.get("last-event-id")));
        if (request.headers.has("x-events-reset")) begins.push(got.length - 1);
        return new Response();
      },
    );
    const url = `http://127.0.0.1:${server.addr.port}/x`;
    const args = [...await shardsIn(dir), "--out", `${dir}/run`, "--events", url];
    const { err } = await run([...args, "--steps", "600"]);
    const file = await Deno.readTextFile(`${dir}/run/metrics.jsonl`);
    strictEqual(got.join(""), file);
    strictEqual(ids.at(-1), file.split("\n").length - 1);
    match(err, /--events: 127\.0\.0\.1:\d+ answered 503: trying again/);
    // Another run in the same folder posts its first line again, and says so.
    const requests = got.length;
    await run([...args, "--steps", "3", "--resume", "never"]);
    deepStrictEqual(begins, [0, requests]);
    strictEqual(got.slice(requests).join(""), await Deno.readTextFile(`${dir}/run/metrics.jsonl`));
  }));

Deno.test("ui serves the runs of a folder until Ctrl-C, and refuses a folder without runs", () =>
  withFolder(async (dir) => {
    for (const name of ["a", "b"]) {
      await Deno.mkdir(`${dir}/runs/${name}`, { recursive: true });
      await Deno.writeTextFile(`${dir}/runs/${name}/metrics.jsonl`, '{"type":"done","reason":"finished"}\n');
    }
    // Each run once, however its folder is typed.
    await using child = start(["ui", `${dir}/runs/a/`, `${dir}/runs`]);
    const address = await firstMatch(child.stdout, /Pages of the runs: (http:\S+)\n/);
    const html = await (await fetch(address)).text();
    deepStrictEqual(JSON.parse(/<script id="run"[^>]*>(.*?)<\/script>/s.exec(html)?.[1] ?? "").live.all, [
      "a",
      "b",
    ]);
    const taken = errorLine(await runsTo(2, ["ui", `${dir}/runs`, "--port", new URL(address).port]));
    match(taken, /give another --port, or leave it out for a free one$/);
    await Deno.rename(`${dir}/runs`, `${dir}/elsewhere`);
    strictEqual((await fetch(address)).status, 404);
    await Deno.rename(`${dir}/elsewhere`, `${dir}/runs`);
    const reader = await Reader.open(address.replace("/?", "/events?run=b&"));
    strictEqual((await reader.take(1))[0].id, "1");
    child.stderr.pipeTo(new WritableStream());
    child.kill("SIGINT");
    while (await reader.next() !== null); // the stream ends, and is not cut off
    strictEqual((await beforeDeadline(child.status)).code, 130);
    match(errorLine(await runsTo(2, ["ui", `${dir}/runs/a/none`])), /none/);
    await Deno.mkdir(`${dir}/empty`);
    match(errorLine(await runsTo(2, ["ui", `${dir}/empty`])), /No run in/);
  }));

Deno.test("ui shows the phases of a run that have begun, in its folder and in the folder above", () =>
  withFolder(async (dir) => {
    const event = '{"type":"note","text":"x"}\n', runs = `${dir}/runs`;
    const begin = async (folder: string) => {
      await Deno.mkdir(folder, { recursive: true });
      await Deno.writeTextFile(`${folder}/metrics.jsonl`, event);
    };
    await begin(`${runs}/whole/one`);
    const phases = ["one", "two"].map((name) => ({ name, pipeline: "train", leavesModel: false }));
    await Deno.writeTextFile(`${runs}/whole/phases.json`, JSON.stringify({ phases }));
    await using below = start(["ui", runs]);
    await using own = start(["ui", `${runs}/whole`]);
    const shown: (() => Promise<string>)[] = [];
    for (const child of [below, own]) {
      child.stderr.pipeTo(new WritableStream());
      const address = await firstMatch(child.stdout, /Pages of the runs: (http:\S+)\n/);
      shown.push(async () => {
        const html = await (await beforeDeadline(fetch(address))).text();
        return /"all":(\[.*?\])/.exec(html)?.[1] ?? html.slice(0, 200);
      });
    }
    const [ofAll, ofOne] = shown;
    deepStrictEqual([await ofAll(), await ofOne()], ['["one"]', '["one"]']);
    // The file that joins the phases is written after the first, and says that not all of them have ended.
    await Deno.writeTextFile(`${runs}/whole/metrics.jsonl`, '{"type":"done","reason":"interrupted"}\n');
    await begin(`${runs}/whole/two`);
    await begin(`${runs}/other`);
    deepStrictEqual([await ofAll(), await ofOne()], ['["other","one","two"]', '["one","two"]']);
    await Deno.writeTextFile(`${runs}/whole/phases.json`, "damaged"); // it hides no other run
    strictEqual(await ofAll(), '["other","whole"]');
    for (const child of [below, own]) {
      child.kill("SIGINT");
      strictEqual((await beforeDeadline(child.status)).code, 130);
    }
  }));
