/**
 * Tests what the server does with requests that are wrong, hostile, or of pages that may not use it.
 *
 * @module
 */
import { deepEqual, equal, ok } from "node:assert/strict";
import { request } from "node:http";
import { uniformAt } from "../../../kernels/random/philox.ts";
import { question, type TaughtServer, until, withServer } from "./taught_server.ts";

const chat = "/v1/chat/completions";

function test(
  name: string,
  options: Parameters<typeof withServer>[0],
  work: (server: TaughtServer) => Promise<void>,
): void {
  Deno.test({ name, sanitizeOps: false, sanitizeResources: false, fn: () => withServer(options, work) });
}

/** Sends a request with any headers, which fetch() does not. Returns the status and the headers. */
function send(
  { port }: TaughtServer,
  { path = chat, method = "POST", headers = {}, body = "" }: {
    readonly path?: string;
    readonly method?: string;
    readonly headers?: Readonly<Record<string, string>>;
    readonly body?: string;
  },
): Promise<{ readonly status: number | undefined; readonly headers: Readonly<Record<string, unknown>> }> {
  return new Promise((resolve, reject) => {
    const sent = request({ host: "127.0.0.1", port, path, method, headers }, (response) => {
      response.resume();
      response.on("end", () => resolve({ status: response.statusCode, headers: response.headers }));
    });
    sent.on("error", reject);
    sent.end(body);
  });
}

/** Asks, and checks that the answer is an error in OpenAI's form. Returns its status and message. */
async function refused(server: TaughtServer, body: unknown, path = chat): Promise<[number, string]> {
  const response = await server.ask(path, body), { error } = await response.json();
  deepEqual(Object.keys(error), ["message", "type", "param", "code"]);
  ok(typeof error.message === "string" && error.message.length < 1000, "a short message");
  return [response.status, error.message];
}

const isUsable = async ({ client }: TaughtServer) =>
  equal(
    (await client.chat.completions.create(question("hi"))).choices[0].message.content,
    "Hello! How are you?",
  );

test("bodies that are no JSON, too deep, too large or of wrong types are refused", {}, async (server) => {
  const deep = (depth: number) => "[".repeat(depth) + "]".repeat(depth);
  const cases: readonly (readonly [unknown, number, RegExp])[] = [
    ["{", 400, /not valid JSON/],
    ["", 400, /not valid JSON/],
    ["[1]", 400, /must be a JSON object/],
    ["null", 400, /must be a JSON object/],
    [deep(100_000), 400, /deeper than 64/],
    [`{"a":${'{"a":'.repeat(100)}1${"}".repeat(101)}`, 400, /deeper than 64/],
    ["x".repeat((1 << 21) + 1), 413, /larger than 2097152/],
    [{ ...question("hi"), temprature: 1 }, 400, /did you mean 'temperature'/],
    [{ ...question("hi"), ["x".repeat(100_000)]: 1 }, 400, /Unrecognized/],
    ['{"__proto__": {"messages": []}}', 400, /Unrecognized/],
    [{ messages: "hi" }, 400, /'messages'/],
    [{ messages: [{ role: "user", content: 5 }] }, 400, /messages\[0\].content is 5/],
    [{ messages: [{ role: "user", content: [{ type: "image_url", image_url: {} }] }] }, 400, /image_url/],
    [{ messages: [{ role: "user" }] }, 400, /content is missing/],
    [{ messages: [{ role: "constructor", content: "" }] }, 400, /messages\[0\].role/],
    [{ messages: [{ role: "user", content: [{ type: "toString", text: "" }] }] }, 400, /content\[0\]/],
    [{ messages: [{ role: "tool", content: "" }, 5] }, 400, /messages\[1\]/],
    [{ messages: Array(3000).fill({ role: "user", content: "" }) }, 400, /at most 2000/],
    [{ ...question("x".repeat(200_000)) }, 400, /context length/],
    [
      { ...question("hi"), tools: [{ type: "function", function: { name: "a b" } }] },
      400,
      /tools\[0\].function.name/,
    ],
    [{ ...question("hi"), tools: Array(200).fill({}) }, 400, /at most 128/],
    [{ ...question("hi"), stop: Array(50).fill("a") }, 400, /at most 16/],
    [{ ...question("hi"), logit_bias: { "-1": 1 } }, 400, /logit_bias/],
    [{ ...question("hi"), temperature: "NaN" }, 400, /temperature/],
    ['{"messages":[{"role":"user","content":"hi"}],"temperature":1e999}', 400, /temperature/],
    [{ ...question("hi"), tool_choice: { type: "function", function: { name: "x" } } }, 400, /tool_choice/],
  ];
  for (const [body, status, message] of cases) {
    const [found, text] = await refused(server, body);
    ok(found === status && message.test(text), `${JSON.stringify(body).slice(0, 80)}: ${found} ${text}`);
  }
  equal((await refused(server, { prompt: [] }, "/v1/completions"))[0], 400);
  equal((await refused(server, { prompt: [1, 9999] }, "/v1/completions"))[0], 400);
  equal((await refused(server, { tokens: [9999] }, "/detokenize"))[0], 400);
  const notText = await send(server, {
    headers: { "content-type": "application/json" },
    body: "\x80".repeat(3),
  });
  equal(notText.status, 400);
  deepEqual(server.logged, []);
  await isUsable(server);
});

test("random bodies get an answer below 500", {}, async (server) => {
  const fields = [
    "messages",
    "model",
    "n",
    "stop",
    "tools",
    "stream",
    "logprobs",
    "seed",
    "prompt",
    "stream_options",
  ];
  const pick = <T>(list: readonly T[], name: string, i: number) =>
    list[Math.floor(uniformAt(3, name, i) * list.length)];
  const some: readonly unknown[] = [
    null,
    1,
    -1,
    "",
    "x",
    true,
    [],
    {},
    [[]],
    [{}],
    { role: "user" },
    [null],
    1e300,
  ];
  for (let i = 0; i < 150; i++) {
    const body = Object.fromEntries([0, 1, 2].map((k) => [pick(fields, `f${k}`, i), pick(some, `v${k}`, i)]));
    const isChat = i % 2 === 0, base = isChat ? question("hi") : { model: "taught", prompt: "a" };
    const response = await server.ask(isChat ? chat : "/v1/completions", { ...base, max_tokens: 1, ...body });
    await response.text();
    ok(response.status < 500, `${JSON.stringify(body)}: ${response.status}`);
  }
  deepEqual(server.logged, []);
});

test("unknown paths, methods and content types", {}, async (server) => {
  const status = async (path: string, method: string, headers = {}) =>
    (await send(server, { path, method, headers })).status;
  equal(await status("/v2/models", "GET"), 404);
  equal(await status("/constructor", "GET"), 404);
  equal(await status("/v1/models", "DELETE"), 405);
  equal(await status(chat, "GET"), 405);
  equal((await send(server, { method: "PUT" })).headers.allow, "POST");
  equal(await status(chat, "POST", { "content-type": "text/plain" }), 415);
  equal(await status("/health", "HEAD"), 200);
  equal(await status("/v1/models/%E0%A4%A", "GET"), 404);
  const page = await server.ask("/");
  equal(await page.text(), "<!DOCTYPE html><title>page</title>");
  equal(page.headers.get("x-frame-options"), "DENY");
  equal(page.headers.get("access-control-allow-origin"), null);
});

test("no request ends the server: methods, targets and heads that are rare or wrong", {}, async (server) => {
  const own = `Host: 127.0.0.1:${server.port}`;
  /** Sends a text and returns the status of the answer; null: the connection was closed without one. */
  const status = async (text: string): Promise<number | null> => {
    const connection = await Deno.connect({ hostname: "127.0.0.1", port: server.port });
    const bytes = new Uint8Array(4000);
    try {
      await connection.write(new TextEncoder().encode(text));
      const count = await connection.read(bytes).catch(() => null);
      if (count === null) return null;
      return Number(/^HTTP\/1\.1 (\d+) /.exec(new TextDecoder().decode(bytes.subarray(0, count)))?.[1]);
    } finally {
      connection.close();
    }
  };
  equal(await status(`TRACE / HTTP/1.1\r\n${own}\r\n\r\n`), 405);
  equal(await status(`CONNECT a:1 HTTP/1.1\r\n${own}\r\n\r\n`), null);
  equal(await status(`TRACK / HTTP/1.1\r\n${own}\r\n\r\n`), 400);
  equal(await status(`OPTIONS * HTTP/1.1\r\n${own}\r\n\r\n`), 404);
  equal(await status(`GET http://[::z]/health HTTP/1.1\r\n${own}\r\n\r\n`), 404);
  equal(await status(`GET /health HTTP/1.1\r\n${own}\r\nHost: evil\r\n\r\n`), 403);
  equal(await status(`GET /health HTTP/1.1\r\n${own}\r\nX-A: \xff\r\n\r\n`), 200);
  equal(await status("GET /health HTTP/1.1\r\n\r\n"), 400);
  equal(await status("\0\x01\r\n\r\n"), 400);
  for (const length of ["-5", "5x"]) {
    equal(await status(`POST ${chat} HTTP/1.1\r\n${own}\r\nContent-Length: ${length}\r\n\r\n`), 400);
  }
  await isUsable(server);
  deepEqual(server.logged, []);
});

test("other hosts and origins are refused, and pages that --cors names are let in", {
  cors: ["https://friend.example"],
}, async (server) => {
  const { port } = server;
  const get = (headers: Record<string, string>) =>
    send(server, { path: "/v1/models", method: "GET", headers });
  const own = `127.0.0.1:${port}`;
  for (
    const host of ["evil.example", `evil.example:${port}`, "127.0.0.1.evil.example", "127.0.0.1@evil"]
  ) {
    equal((await get({ host })).status, 403, host);
  }
  for (const host of [own, `localhost:${port}`, "localhost", "[::1]:80"]) {
    equal((await get({ host })).status, 200);
  }
  for (const origin of ["https://evil.example", "null", `https://${own}.evil.example`, "file://"]) {
    equal((await get({ origin })).status, 403, origin);
  }
  const same = await get({ origin: `http://${own}` });
  deepEqual([same.status, same.headers["access-control-allow-origin"]], [200, undefined]);
  const friend = await get({ origin: "https://friend.example" });
  deepEqual([friend.status, friend.headers["access-control-allow-origin"]], [200, "https://friend.example"]);
  equal(friend.headers["access-control-expose-headers"], "retry-after, x-request-id");
  const preflight = await send(server, {
    method: "OPTIONS",
    headers: { origin: "https://friend.example", "access-control-request-headers": "authorization,x-a" },
  });
  deepEqual([preflight.status, preflight.headers["access-control-allow-headers"]], [
    204,
    "authorization,x-a",
  ]);
  equal((await send(server, { method: "OPTIONS", headers: { origin: "https://evil.example" } })).status, 403);
});

test("the token is asked for everywhere but at the page and /health", { token: "s3cret" }, async (server) => {
  for (const path of ["/v1/models", "/metrics", "/nowhere"]) {
    equal((await server.ask(path)).status, 401, path);
  }
  for (const path of ["/", "/health"]) equal((await server.ask(path)).status, 200, path);
  for (const authorization of ["Bearer wrong", "Bearer", "s3cret", "Bearer s3cret2", "Basic s3cret"]) {
    equal((await server.ask("/v1/models", undefined, { authorization })).status, 401, authorization);
  }
  equal((await server.ask("/v1/models", undefined, { authorization: "bearer s3cret" })).status, 200);
  await isUsable(server);
});

test("slow and half-open connections hold up nobody, and a body that does not come ends", {
  body: { time: 300 },
}, async (server) => {
  const text = new TextEncoder(), connections: Deno.TcpConn[] = [];
  const open = async (head: string) => {
    const connection = await Deno.connect({ hostname: "127.0.0.1", port: server.port });
    connections.push(connection);
    await connection.write(text.encode(head));
    return connection;
  };
  const line =
    `POST ${chat} HTTP/1.1\r\nHost: 127.0.0.1:${server.port}\r\nContent-Type: application/json\r\n`;
  for (let i = 0; i < 100; i++) await open(line);
  const slow = await open(`${line}Content-Length: 100\r\n\r\n{`);
  await isUsable(server);
  const answer = new Uint8Array(400), count = await slow.read(answer);
  ok(new TextDecoder().decode(answer.subarray(0, count ?? 0)).startsWith("HTTP/1.1 408"));
  const early = await open(`${line}Content-Length: 100\r\n\r\n{"messages"`);
  early.close();
  await isUsable(server);
  for (const connection of connections) if (connection !== early) connection.close();
  deepEqual(server.logged, []);
});

test("a body that is not read, too large or missing neither ends the server nor holds its connection up", {
  token: "s3cret",
}, async (server) => {
  const head = (path: string, ...lines: string[]) =>
    [`POST ${path} HTTP/1.1`, `Host: 127.0.0.1:${server.port}`, ...lines, "", ""].join("\r\n");
  const json = "Content-Type: application/json", token = "Authorization: Bearer s3cret";
  const last = `GET /health HTTP/1.1\r\nHost: 127.0.0.1:${server.port}\r\nConnection: close\r\n\r\n`;
  /** Sends texts, and returns the statuses of all answers until the server closes the connection. */
  const statuses = async (...texts: readonly string[]): Promise<readonly string[]> => {
    const connection = await Deno.connect({ hostname: "127.0.0.1", port: server.port });
    const reader = connection.readable.getReader(), writer = connection.writable.getWriter();
    const sending = (async () => {
      for (const text of texts) await writer.write(new TextEncoder().encode(text));
    })().catch(() => {}); // the server may close the connection before
    let out = "";
    try {
      for (let read = await reader.read(); !read.done; read = await reader.read()) {
        out += new TextDecoder().decode(read.value);
      }
    } catch {
      // The connection was reset, since the server has not read all.
    }
    await sending;
    await writer.close().catch(() => {});
    return [...out.matchAll(/HTTP\/1\.1 (\d+) /g)].map(([, status]) => status);
  };
  const large = "x".repeat(1_000_000), length = `Content-Length: ${large.length}`;
  deepEqual(await statuses(head("/nowhere", token, json, length), large, last), ["404", "200"]);
  deepEqual(await statuses(head(chat, json, length), large, last), ["401", "200"]);
  deepEqual(await statuses(head(chat, token, length), large, last), ["415", "200"]);
  const late = "Content-Length: 5000000";
  deepEqual(await statuses(head(chat, json, late), "x"), ["401"], "what does not come is not waited for");
  deepEqual(await statuses(head("/health", late).replace("POST", "GET"), "x"), ["200"]);
  const piece = `10000\r\n${"x".repeat(0x10000)}\r\n`, chunked = "Transfer-Encoding: chunked";
  // 40 pieces are more than a body may have, 200 more than is thrown away.
  const few = await statuses(head(chat, token, json, chunked), piece.repeat(40), "0\r\n\r\n");
  deepEqual(few, ["413"]);
  await statuses(head(chat, token, json, chunked), piece.repeat(200), "0\r\n\r\n");
  await isUsable(server);
  deepEqual(server.logged, []);
});

test("a client that does not read holds up nobody, and its place is free after its answer", {
  parallel: 1,
}, async (server) => {
  const connection = await Deno.connect({ hostname: "127.0.0.1", port: server.port });
  const body = JSON.stringify({ ...question("count"), stream: true });
  await connection.write(new TextEncoder().encode(
    `POST ${chat} HTTP/1.1\r\nHost: 127.0.0.1:${server.port}\r\nContent-Type: application/json\r\nContent-Length: ${body.length}\r\n\r\n${body}`,
  ));
  await isUsable(server);
  await until(() => server.generator.texts.active === 0);
  connection.close();
});

test("a model without a chat template answers completions, and says so for chats", {
  hasTemplate: false,
}, async (server) => {
  const [status, message] = await refused(server, question("hi"));
  ok(status === 400 && /use \/v1\/completions/.test(message));
  const { choices } = await server.client.completions.create({ model: "taught", prompt: "a", max_tokens: 2 });
  equal(choices.length, 1);
});

test("the server's end lets answers finish", { pause: 30 }, async (server) => {
  const whole = server.client.chat.completions.create(question("hi"));
  await until(() => server.generator.texts.active > 0);
  const closing = server.close();
  equal((await whole).choices[0].message.content, "Hello! How are you?");
  await closing;
});

test("the server's end ends answers that take too long with an error, and those that wait", {
  parallel: 1,
  pause: 500, // so that no answer is complete before the end
}, async (server) => {
  const answers = ["count", "hi"].map((content) =>
    server.ask(chat, { ...question(content), stream: true }).then((response) => response.text())
  );
  await until(() => server.generator.texts.active > 0 && server.generator.texts.waiting > 0);
  const closing = server.close(0);
  for (const text of await Promise.all(answers)) ok(text.includes("shutting_down"), text.slice(-200));
  await closing;
});

test("metrics count requests and tokens in Prometheus's format", {}, async (server) => {
  await isUsable(server);
  const answer = { role: "assistant", content: "Hello! How are you?" };
  const messages = [...question("hi").messages, answer, ...question("ok").messages];
  await server.ask(chat, { ...question(""), messages }).then((response) => response.text());
  await server.ask("/nowhere").then((response) => response.text());
  const text = await (await server.ask("/metrics")).text();
  for (const line of text.trimEnd().split("\n")) {
    ok(/^(# (HELP|TYPE) stagewise_\w+ .+|stagewise_\w+(\{[^}]*\})? [\d.e+-]+)$/.test(line), line);
  }
  const value = (name: string) =>
    Number(text.split("\n").find((line) => line.startsWith(`stagewise_${name} `))?.split(" ")[1]);
  deepEqual([value("prompt_tokens_total"), value("generated_tokens_total")], [47, 34]);
  equal(value("cached_tokens_total"), 28);
  equal(value("answer_seconds_count"), 2);
  ok(text.includes('stagewise_requests_total{path="other",status="404"} 1'));
});

test(
  "a client that sends the head of a request too slowly loses its connection, others are answered",
  { headTime: 300, parallel: 1 },
  async (server) => {
    const slow = await Promise.all(Array.from({ length: 20 }, async () => {
      const connection = await Deno.connect({ hostname: "127.0.0.1", port: server.port });
      await connection.write(new TextEncoder().encode("GET /health HTTP/1.1\r\nHost: localhost\r\n"));
      return connection;
    }));
    await isUsable(server);
    for (const connection of slow) {
      const text = await new Response(connection.readable).text();
      ok(/^HTTP\/1\.1 408 /.test(text), text);
    }
    // One that takes its time within the limit is answered, and its connection serves further requests.
    const patient = await Deno.connect({ hostname: "127.0.0.1", port: server.port });
    for (const head of ["GET /health HTTP/1.1\r\n", "Host: localhost\r\n", "\r\n"]) {
      await patient.write(new TextEncoder().encode(head));
    }
    const bytes = new Uint8Array(2000), length = await patient.read(bytes) ?? 0;
    ok(/^HTTP\/1\.1 200 /.test(new TextDecoder().decode(bytes.subarray(0, length))));
    patient.close();
  },
);

test(
  "connections beyond the limit are told to come back, and are closed; others are answered",
  { connections: 3 },
  async (server) => {
    const open = () => Deno.connect({ hostname: "127.0.0.1", port: server.port });
    const idle: Deno.TcpConn[] = [];
    for (let i = 0; i < 3; i++) { // each is answered once, so that the server has taken it
      const connection = await open(), bytes = new Uint8Array(1000);
      await connection.write(new TextEncoder().encode("GET /health HTTP/1.1\r\nHost: localhost\r\n\r\n"));
      const count = await connection.read(bytes) ?? 0;
      ok(new TextDecoder().decode(bytes.subarray(0, count)).startsWith("HTTP/1.1 200 "));
      idle.push(connection);
    }
    for (let i = 0; i < 2; i++) {
      const response = await server.ask("/health");
      deepEqual([response.status, response.headers.get("retry-after")], [503, "1"]);
      const { error } = await response.json();
      deepEqual([error.type, error.code], ["server_error", "too_many_connections"]);
    }
    const silent = await open(); // it sends nothing, and does not read
    const bytes = new Uint8Array(1000), count = await silent.read(bytes) ?? 0;
    ok(new TextDecoder().decode(bytes.subarray(0, count)).startsWith("HTTP/1.1 503 "));
    equal(await silent.read(bytes), null);
    const patient = server.client.withOptions({ maxRetries: 5 }).models.list();
    idle[0].close();
    equal((await patient).data.length, 1);
    for (const connection of [idle[1], idle[2], silent]) connection.close();
  },
);

test("while as many connections are refused as may be open, others are closed at once", {
  connections: 2,
}, async (server) => {
  const open = () => Deno.connect({ hostname: "127.0.0.1", port: server.port });
  const first = async (connection: Deno.TcpConn) => {
    const bytes = new Uint8Array(1000), count = await connection.read(bytes).catch(() => null);
    return count === null ? "" : new TextDecoder().decode(bytes.subarray(0, count)).slice(0, 12);
  };
  const all: Deno.TcpConn[] = [];
  for (let i = 0; i < 8; i++) all.push(await open());
  const answers = await Promise.all(all.slice(2).map(first));
  deepEqual(answers, [...Array(2).fill("HTTP/1.1 503"), ...Array(4).fill("")]);
  for (const connection of all) connection.close();
  equal((await server.client.withOptions({ maxRetries: 5 }).models.list()).data.length, 1);
});

test("a full queue says when to come back, and clients that do are answered", {
  queue: 0,
  parallel: 1,
  pause: 10,
}, async (server) => {
  const first = server.client.chat.completions.create(question("hi"));
  await until(() => server.generator.texts.active > 0);
  const refused = await server.ask(chat, question("hi"));
  deepEqual([refused.status, refused.headers.get("retry-after")], [429, "1"]);
  equal((await refused.json()).error.code, "queue_full");
  const patient = server.client.withOptions({ maxRetries: 20 }).chat.completions.create(question("hi"));
  for (const { choices } of [await first, await patient]) {
    equal(choices[0].message.content, "Hello! How are you?");
  }
});
