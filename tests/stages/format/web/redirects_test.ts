import { deepStrictEqual, match, rejects, strictEqual, throws } from "node:assert/strict";
import {
  checkRedirect,
  fetchRedirected,
  isPrivateHost,
  RedirectError,
} from "../../../../stages/format/web/redirects.ts";
import { BodyTooLargeError, limitedBody } from "../../../../stages/format/web/limited_body.ts";
import { findRemote, readRemote, retryingFetch } from "../../../../stages/format/web/remote.ts";

/** Serves `/N`, which redirects N times before it answers, and what `more` answers. */
function serveRedirects(more: (request: Request) => Response | null = () => null) {
  return Deno.serve({ hostname: "127.0.0.1", port: 0, onListen: () => {} }, (request) => {
    const special = more(request);
    if (special !== null) return special;
    const left = Number(new URL(request.url).pathname.slice(1));
    return left === 0
      ? new Response("here")
      : new Response(null, { status: 302, headers: { location: `/${left - 1}` } });
  });
}

Deno.test("fetchRedirected() follows ten redirects and refuses the eleventh", async () => {
  await using server = serveRedirects();
  const origin = `http://127.0.0.1:${server.addr.port}`;
  strictEqual(await (await fetchRedirected(`${origin}/10`)).text(), "here");
  await rejects(fetchRedirected(`${origin}/11`), (error) => {
    return error instanceof RedirectError && /redirects to .*\/0: that is redirect 11/.test(error.message);
  });
  await rejects(findRemote(`${origin}/99`), RedirectError); // is not tried again
});

Deno.test("fetchRedirected() sends a body again after 307, none after 303, and credentials to their origin alone", async () => {
  const seen: string[] = [];
  const record = async (request: Request): Promise<Response> => {
    seen.push(`${request.method} ${request.headers.get("authorization")} ${await request.text()}`);
    return new Response("ok");
  };
  await using other = Deno.serve({ hostname: "127.0.0.1", port: 0, onListen: () => {} }, record);
  await using server = Deno.serve({ hostname: "127.0.0.1", port: 0, onListen: () => {} }, (request) => {
    const { pathname } = new URL(request.url);
    if (pathname === "/end") return record(request);
    const location = pathname === "/away" ? `http://127.0.0.1:${other.addr.port}/end` : "/end";
    return new Response(null, { status: pathname === "/303" ? 303 : 307, headers: { location } });
  });
  const post = { method: "POST", body: "text", headers: { authorization: "secret" } };
  for (const path of ["/307", "/303", "/away"]) {
    await (await fetchRedirected(`http://127.0.0.1:${server.addr.port}${path}`, post)).text();
  }
  deepStrictEqual(seen, ["POST secret text", "GET secret ", "POST null text"]);
});

Deno.test("checkRedirect() refuses less safe protocols, and addresses of the own network from elsewhere", () => {
  const check = (from: string, to: string) => checkRedirect(new URL(from), new URL(to));
  check("http://a.example/x", "https://b.example/x");
  check("http://localhost/x", "http://10.0.0.1/x");
  const refused: readonly (readonly [string, string, RegExp])[] = [
    ["https://a.example/", "http://a.example/", /not encrypted/],
    ["https://a.example/", "file:///etc/passwd", /only http and https/],
    ["http://a.example/", "http://127.0.0.1/", /own network/],
    ["http://a.example/", "http://2130706433/", /own network/], // 127.0.0.1 as one number
    ["http://a.example/", "http://[::ffff:10.0.0.1]/", /own network/],
    ["http://8.8.8.8/", "http://169.254.169.254/latest/meta-data/", /own network/],
    ["https://a.example/", "https://intranet/", /own network/],
  ];
  for (const [from, to, why] of refused) throws(() => check(from, to), why);
});

Deno.test("isPrivateHost() knows the ranges of private addresses to one address", () => {
  const hosts = (list: string) => list.split(" ").map((host) => new URL(`http://${host}/`).hostname);
  const ours =
    "localhost a.localhost printer.local 0.0.0.0 10.0.0.0 10.255.255.255 127.0.0.1 169.254.0.0 172.16.0.0 172.31.255.255 192.168.0.0 100.64.0.0 100.127.255.255 224.0.0.1 [::1] [::] [fc00::1] [fdff::1] [fe80::1] [febf::1] [::ffff:192.168.1.1]";
  const others =
    "a.example 9.255.255.255 11.0.0.0 126.255.255.255 128.0.0.0 169.253.255.255 169.255.0.0 172.15.255.255 172.32.0.0 192.167.255.255 192.169.0.0 100.63.255.255 100.128.0.0 223.255.255.255 [2001:db8::1] [fec0::1] [fbff::1] [::ffff:8.8.8.8]";
  for (const host of hosts(ours)) strictEqual(isPrivateHost(host), true, host);
  for (const host of hosts(others)) strictEqual(isPrivateHost(host), false, host);
});

Deno.test("limitedBody() passes a body of the limit and refuses one byte more", async () => {
  async function* chunks(bytes: number): AsyncGenerator<Uint8Array> {
    for (let i = 0; i < bytes; i++) yield new Uint8Array(1);
  }
  const answer = (bytes: number) =>
    limitedBody(new Response("x"), { url: "http://a.example/", chunks: chunks(bytes), bytes: 5 });
  strictEqual((await answer(5).arrayBuffer()).byteLength, 5);
  await rejects(answer(6).arrayBuffer(), BodyTooLargeError);
});

Deno.test("retryingFetch() ends an endless answer at its limit, and a silent one after the time limit", async () => {
  const endless = new ReadableStream({
    pull: (controller) => controller.enqueue(new Uint8Array(1 << 20)),
  });
  const silent = new ReadableStream({ start: (controller) => controller.enqueue(new Uint8Array(1)) });
  await using server = serveRedirects(({ url }) =>
    url.endsWith("/endless") ? new Response(endless) : url.endsWith("/silent") ? new Response(silent) : null
  );
  const origin = `http://127.0.0.1:${server.addr.port}`;
  const read = async (path: string) =>
    await (await retryingFetch({ idle: 2000 })(`${origin}/${path}`)).json();
  await rejects(read("endless"), BodyTooLargeError);
  await rejects(read("silent"), /no byte arrived for 2000 ms/);
});

Deno.test("readRemote() compares Content-Range with what it asked for", async () => {
  const bytes = Uint8Array.from({ length: 1000 }, (_, i) => i);
  const part = (first: number, size = 1000, field = `bytes ${first}-999/${size}`) =>
    new Response(bytes.subarray(first), {
      status: 206,
      headers: field === "" ? {} : { "content-range": field },
    });
  const answers: Readonly<Record<string, () => Response>> = {
    "/asked": () => part(600),
    "/from-0": () => part(0),
    "/later": () => part(601),
    "/unnamed": () => part(0, 1000, ""),
    "/malformed": () => part(0, 1000, "bytes 0-x/y"),
    "/grown": () => part(600, 1001),
  };
  await using server = serveRedirects(({ url }) => answers[new URL(url).pathname]?.() ?? null);
  const read = async (path: string): Promise<Uint8Array> => {
    const file = { url: `http://127.0.0.1:${server.addr.port}${path}`, size: 1000, version: null };
    return new Uint8Array(
      await new Blob(await Array.fromAsync(readRemote(file, { start: 600 }))).arrayBuffer(),
    );
  };
  deepStrictEqual(await read("/asked"), bytes.subarray(600));
  deepStrictEqual(await read("/from-0"), bytes.subarray(600)); // the bytes before the asked ones are skipped
  for (const path of ["/later", "/unnamed", "/malformed"]) {
    await rejects(read(path), (error) => {
      match(String(error), /asked for bytes from 600 on and sent/);
      return error instanceof Deno.errors.InvalidData;
    });
  }
  await rejects(read("/grown"), /it now has 1001 bytes, it had 1000/);
});
